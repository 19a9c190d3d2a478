// The page that compares two environments: different versions, components in only one of them, and equal versions.

import * as address from "./address.js";
import { all, get } from "./api.js";
import { ago, check, el, filterForm, notice, redraw, report, select, table } from "./elements.js";
import { cellIn, count, isSame } from "./text.js";

/** Shows the comparison of the environments `from` and `to`. Without these parameters it compares the last two. */
export function show(root, { parameters }) {
  let options = Object.fromEntries(parameters);
  let names = [];
  const tools = el("div", { class: "tools" });
  const body = el("div");
  root.replaceChildren(el("h1", { tabindex: "-1" }, "Compare"), tools, body);

  const change = (changed) => { location.hash = address.to("compare", { ...options, ...changed }); };

  function controls(newNames) {
    names = newNames;
    const choices = names.map((name) => [name, name]);
    tools.replaceChildren(filterForm("Compare", [
      select("From", choices, options.from, (from) => change({ from })),
      el("button", { type: "button", click: () => change({ from: options.to, to: options.from }) }, "Swap"),
      select("To", choices, options.to, (to) => change({ to })),
      check("Show equal versions", Boolean(options.same), (same) => change({ same })),
    ]));
  }

  async function refresh() {
    try {
      const current = (await all("environments", { archived: "false" })).map((environment) => environment.name);
      const exactName = (name) => name && (current.find((other) => isSame(other, name)) ?? name);
      options = { ...options, from: exactName(options.from) ?? current.at(-2) ?? current.at(-1), to: exactName(options.to) ?? current.at(-1) };
      if (JSON.stringify(current) !== JSON.stringify(names)) controls(current);
      if (names.length < 2) return redraw(body, names, () => [notice("A comparison needs two environments.")]);
      const matrix = await get("deployments/matrix", { environment: [...new Set([options.from, options.to])] });
      redraw(body, [matrix, options], () => compared(matrix, options));
    } catch (error) {
      report(body, error);
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

function compared(matrix, { from, to, same }) {
  const pairs = matrix
    .map((row) => ({ component: row.componentName, left: cellIn(row.environments, from), right: cellIn(row.environments, to) }))
    .filter(({ left, right }) => left || right)
    .map((pair) => ({ ...pair, outcome: outcome(pair, from, to) }));
  const differing = pairs.filter(({ outcome }) => outcome !== SAME);
  const shown = same ? pairs : differing;
  const rows = shown.map(({ component, left, right, outcome }) => [
    el("a", { href: address.to("changes", { component }) }, component),
    version(component, from, left),
    version(component, to, right),
    outcome,
  ]);
  return [
    el("p", { class: "summary" }, `${count(differing.length, "component differs", "components differ")}, ${pairs.length - differing.length} the same`),
    rows.length > 0 ? table(`${from} and ${to}`, ["Component", from, to, "Outcome"], rows) : notice("All versions are equal."),
  ];
}

const SAME = "= the same";

function outcome({ left, right }, from, to) {
  if (!left) return `only in ${to}`;
  if (!right) return `only in ${from}`;
  return left.version === right.version ? SAME : "≠ differs";
}

function version(component, environment, cell) {
  const href = address.to("changes", { component, environment });
  return cell ? el("span", {}, el("a", { href }, cell.version), " ", el("span", { class: "since" }, ago(cell.deployedAt), " ago")) : "–";
}
