// Draws the differences between two environments.

import { ago, el, notice, table } from "./elements.js";
import { groups, pairs } from "./differences.js";
import { comparePage } from "./forges.js";
import { away, component, environment, version } from "./parts.js";
import { count } from "./text.js";

/** The most simultaneous requests for deployments. */
const AT_ONCE = 4;
/** The most components for which the commits between are read. Each costs two requests. */
const MOST_LINKS = 50;
const deployments = new Map();

/** Reads both sides, and the deployments that the links to the commits between them need. */
export async function load({ from, to, fromAt, toAt }, get) {
  const side = (name, at) => get("deployments/matrix", { environment: name, at });
  const isOne = fromAt === toAt;
  const [left, right] = await Promise.all(isOne ? [get("deployments/matrix", { environment: [...new Set([from, to])], at: toAt, gaps: "true" })] : [side(from, fromAt), side(to, toAt)]);
  const found = pairs(left, right ?? left, from, to);
  const differing = found.filter(({ left, right, outcome }) => left && right && outcome !== "same").slice(0, MOST_LINKS);
  const ids = differing.flatMap(({ left, right }) => [left.id, right.id]).filter((id) => !deployments.has(id));
  while (ids.length > 0) await Promise.all(ids.splice(0, AT_ONCE).map(async (id) => deployments.set(id, await get(`deployments/${id}`))));
  return found.map((pair) => ({ ...pair, commits: pair.outcome === "same" ? null : comparePage(deployments.get(pair.left?.id), deployments.get(pair.right?.id)) }));
}

/** The content below the controls. */
export function differences(pairs, { from, to, fromAt, toAt, same }) {
  const found = groups(pairs);
  const equal = found.find(({ outcome }) => outcome === "same")?.list.length ?? 0;
  const shown = pairs.filter((pair) => same || pair.outcome !== "same");
  const outcomes = new Map(found.map(({ outcome, sign, words }) => [outcome, `${sign} ${words(from, to)}`.trim()]));
  const heads = [head(from, fromAt), head(to, toAt)];
  const order = found.flatMap(({ list }) => list).filter((pair) => shown.includes(pair));
  const rows = order.map((pair) => [
    component(pair.component),
    held(pair.left),
    held(pair.right),
    el("span", { class: `outcome ${pair.outcome}` }, outcomes.get(pair.outcome)),
    pair.commits ? away(pair.commits, "commits between") : "–",
  ]);
  return [
    el("p", { class: "about pair" }, environment(from), environment(to)),
    el("p", { class: "summary" }, `${count(pairs.length - equal, "component differs", "components differ")}, ${equal} the same`),
    pairs.length > 0 && share(found, pairs.length),
    el("ul", { class: "legend" }, found.map(({ outcome, list }) => el("li", { class: `outcome ${outcome}` }, el("b", {}, String(list.length)), ` ${outcomes.get(outcome)}`))),
    rows.length > 0 ? table(`${from} and ${to}`, ["Component", ...heads, "Outcome", "Commits"], rows) : notice(pairs.length > 0 ? "All versions are equal." : "Nothing is current in these environments."),
  ];
}

/** The name of a side. A moment belongs to it, so that a comparison of one environment with its past has two names. */
const head = (name, at) => (at ? `${name} at ${new Date(at).toLocaleString()}` : name);

/** The part of each outcome as a bar. The list below has the same in words. */
function share(groups, total) {
  let x = 0;
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const bar = svg("svg", { class: "share", viewBox: "0 0 600 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const { outcome, list } of groups) {
    const width = (list.length / total) * 600;
    bar.append(svg("rect", { class: outcome, x, width: Math.max(0, width - 2), height: 10 }));
    x += width;
  }
  return bar;
}

/** The version of a cell with its age. */
const held = (cell) => (cell ? el("span", {}, version(cell), " ", el("span", { class: "since" }, ago(cell.deployedAt), " ago")) : "–");
