// The page that compares two environments, or two moments: what differs, what is in only one of them, and what is the same.

import * as address from "./address.js";
import { all, get } from "./api.js";
import { differences, load } from "./comparison.js";
import { check, el, filterForm, moment, notice, redraw, report, select } from "./elements.js";
import { faults } from "./differences.js";
import { isSame } from "./text.js";

/** Shows the comparison of the environments `from` and `to`. Without these parameters it compares the last two. */
export function show(root, { parameters }) {
  let options = Object.fromEntries(parameters);
  let names = [];
  let latest = 0;
  const tools = el("div", { class: "tools" });
  const body = el("div");
  root.replaceChildren(el("h1", { tabindex: "-1" }, "Compare"), tools, body);

  const change = (changed) => { location.hash = address.to("compare", { ...options, ...changed }); };

  function controls(newNames) {
    names = newNames;
    const choices = names.map((name) => [name, name]);
    const swap = () => change({ from: options.to, to: options.from, fromAt: options.toAt, toAt: options.fromAt });
    const at = (name, label) => moment(label, options[name], (time) => change({ [name]: time?.toISOString() }));
    tools.replaceChildren(filterForm("Compare", [
      select("From", choices, options.from, (from) => change({ from })),
      at("fromAt", "From at (empty is now)"),
      el("button", { type: "button", click: swap }, "Swap"),
      select("To", choices, options.to, (to) => change({ to })),
      at("toAt", "To at (empty is now)"),
      check("Show equal versions", Boolean(options.same), (same) => change({ same })),
    ]));
  }

  async function refresh() {
    latest += 1;
    const read = latest;
    try {
      const current = (await all("environments", { archived: "false" })).map((environment) => environment.name);
      const wrong = faults(options, current);
      const exactName = (name) => name && (current.find((other) => isSame(other, name)) ?? name);
      options = { ...options, from: exactName(options.from) ?? current.at(-2) ?? current.at(-1), to: exactName(options.to) ?? current.at(-1) };
      if (JSON.stringify(current) !== JSON.stringify(names)) controls(current);
      if (wrong.length > 0) return redraw(body, wrong, () => [notice(wrong.join(" "), "trouble")]);
      if (names.length === 0) return redraw(body, names, () => [notice("A comparison needs an environment.")]);
      const compared = await load(options, get);
      if (read === latest) redraw(body, [compared, options], () => differences(compared, options));
    } catch (error) {
      if (read === latest) report(body, error);
    }
  }

  return {
    go(next) {
      options = Object.fromEntries(next);
      names = [];
      return refresh();
    },
    refresh,
    onEvents: refresh,
  };
}
