// The page that compares two environments, or two moments: what differs, what is in only one of them, and what is the same.

import * as address from "./address.js";
import { all, fewAtOnce, get } from "./api.js";
import { differences } from "./comparison.js";
import { faults, pairs } from "./differences.js";
import { button, chip, drawControls, el, icon, moment, notice, pick, popover, redraw, report } from "./elements.js";
import { defaultPair, typesOf } from "./environments.js";
import { comparePage } from "./forges.js";
import { head } from "./parts.js";
import { isSame, moment as shortMoment } from "./text.js";

/** The most components for which the commits between are read. Each costs two requests. */
const MOST_LINKS = 50;
const deployments = new Map();

/** Shows the comparison of the environments `from` and `to`. Without these parameters it compares production with what is before it. */
export function show(root, { parameters }) {
  let options = Object.fromEntries(parameters);
  let names = [];
  let owners = null;
  let latest = 0;
  const title = el("div");
  const body = el("div");
  root.replaceChildren(title, body);

  const change = (changed) => { location.hash = address.to("compare", { ...options, ...changed }); };

  async function refresh() {
    latest += 1;
    const read = latest;
    const isOld = () => read !== latest;
    try {
      const environments = await all("environments", { archived: "false" });
      owners ??= new Map((await all("components", {}).catch(() => [])).map(({ name, owner }) => [name, owner]));
      if (isOld()) return;
      const wrong = choose(environments);
      if (wrong.length > 0) return redraw(body, wrong, () => [notice(wrong.join(" "), "trouble")]);
      if (names.length === 0) return redraw(body, names, () => [notice("A comparison needs an environment.")]);
      const found = await load(options);
      const draw = (links) => isOld() || redraw(body, [found, options, environments, [...links]], () => differences(found, options, { links, owners, typeOf: typesOf(environments) }));
      draw(known(found));
      await readDeployments(found);
      draw(known(found));
    } catch (error) {
      if (!isOld()) report(body, error);
    }
  }

  /** Completes the options, and redraws the controls if the environments are others. Returns the faults of the options. */
  function choose(environments) {
    const current = environments.map(({ name }) => name);
    const wrong = faults(options, current);
    const [from, to] = defaultPair(environments);
    const exactName = (name) => name && (current.find((other) => isSame(other, name)) ?? name);
    options = { ...options, from: exactName(options.from) ?? from, to: exactName(options.to) ?? to };
    if (JSON.stringify(current) !== JSON.stringify(names)) {
      names = current;
      drawControls(title, () => controls(names, options, change));
    }
    return wrong;
  }

  title.replaceChildren(head("Compare"));
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

/** The title with the two environments, their moments, and what is the same. */
function controls(names, options, change) {
  const { from, to, fromAt, toAt, same } = options;
  const choices = names.map((name) => [name, name]);
  const at = (name, label) => moment(label, options[name], (time) => change({ [name]: time?.toISOString() }));
  const moments = [fromAt && `${from} at ${shortMoment(fromAt)}`, toAt && `${to} at ${shortMoment(toAt)}`].filter(Boolean).join(", ");
  return head("Compare",
    el("form", { class: "versus", role: "search", "aria-label": "Compare", submit: (event) => event.preventDefault() },
      pick("From", choices, from, (from) => change({ from })),
      button("Swap", { class: "button bare", click: () => change({ from: to, to: from, fromAt: toAt, toAt: fromAt }) }, icon("swap")),
      pick("To", choices, to, (to) => change({ to })),
      popover("times", moments || "Now", Boolean(moments), el("div", { class: "fields" }, at("fromAt", `${from} at (empty is now)`), at("toAt", `${to} at (empty is now)`)))),
    el("span", { class: "push" }),
    chip("Show what is the same", Boolean(same), () => change({ same: !same })));
}

/** Reads both sides. */
async function load({ from, to, fromAt, toAt }) {
  const side = (name, at) => get("deployments/matrix", { environment: name, at });
  const isOne = fromAt === toAt;
  const [left, right] = await Promise.all(isOne ? [get("deployments/matrix", { environment: [...new Set([from, to])], at: toAt, gaps: "true" })] : [side(from, fromAt), side(to, toAt)]);
  return pairs(left, right ?? left, from, to);
}

/** Reads the deployments that the links to the commits between need. */
async function readDeployments(found) {
  const differing = found.filter(({ left, right, outcome }) => left && right && outcome !== "same").slice(0, MOST_LINKS);
  const ids = differing.flatMap(({ left, right }) => [left.deploymentId, right.deploymentId]).filter((id) => !deployments.has(id));
  await fewAtOnce(ids, async (id) => deployments.set(id, await get(`deployments/${id}`)));
}

/** The pages with the commits between the sides, by component. */
function known(found) {
  const page = ({ left, right }) => comparePage(deployments.get(left?.deploymentId), deployments.get(right?.deploymentId));
  return new Map(found.filter(({ outcome }) => outcome !== "same").map((pair) => [pair.component, page(pair)]).filter(([, href]) => href));
}
