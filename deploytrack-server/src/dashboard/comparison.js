// Draws the differences between two environments.

import { gapMark } from "./cell.js";
import { groups, logShare } from "./differences.js";
import { el, icon, notice, steppedAge, svg, tag, who } from "./elements.js";
import { toComponent } from "./links.js";
import { table } from "./lists.js";
import { away, meter, version } from "./parts.js";
import { age, count, moment } from "./text.js";

const BAR = 160;
const SHARE = 600;

/** The content below the title. `links` has the pages with the commits between, by component, and `owners` the owners. */
export function differences(pairs, { from, to, fromAt, toAt, same }, { links, owners, typeOf }) {
  const found = groups(pairs);
  const shown = found.filter(({ outcome }) => same || outcome !== "same");
  const side = (name, at) => el("span", { class: "inline" }, tag(name, typeOf(name)), at && el("small", {}, `at ${moment(at)}`));
  const columns = [["Component", "component"], ["Owner", "owner"], [side(from, fromAt), "side"], [side(to, toAt), "side"], ["Gap, and for how long", "lag"], ["Commits", "between"]];
  const row = (pair) => ({ cells: [
    el("a", { class: "row name-link", href: toComponent(pair.component), title: pair.component }, pair.component),
    el("span", { class: "dim" }, owners.get(pair.component) ?? ""),
    held(pair.left, fromAt),
    held(pair.right, toAt),
    lag(pair, from, to, toAt),
    links.has(pair.component) && away(links.get(pair.component), "commits between"),
  ] });
  const body = ({ words, list }) => ({ head: [words(from, to), count(list.length, "component")], rows: list.map(row) });
  return [
    pairs.length > 0 && share(found, pairs.length),
    el("ul", { class: "legend" }, found.map(({ outcome, sign, words, list }) => el("li", { class: `outcome ${outcome}` }, icon(sign), el("b", {}, String(list.length)), " ", words(from, to)))),
    shown.length > 0 ? table(`${from} and ${to}`, columns, shown.map(body), "pairs") : notice(pairs.length > 0 ? "All versions are equal." : "Nothing is current in these environments."),
  ];
}

/** The part of each outcome as a bar. The legend has the same in words. */
function share(groups, total) {
  let x = 0;
  return svg("svg", { class: "share", viewBox: `0 0 ${SHARE} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, groups.map(({ outcome, list }) => {
    const width = (list.length / total) * SHARE;
    const part = svg("rect", { class: outcome, x, width: Math.max(1, width - 2), height: 10 });
    x += width;
    return part;
  }));
}

/** A version with its person and its age at the moment of its side. */
function held(cell, at) {
  if (!cell) return el("span", { class: "dim" }, "–");
  return el("span", { class: "inline" }, version(cell), cell.deployedBy && who(cell.deployedBy), steppedAge(cell.deployedAt, at ? new Date(at) : null));
}

/** How far the sides are apart, and the time since one of them is ahead. */
function lag({ outcome, versions, since }, from, to, at) {
  if (outcome === "same") return el("span", { class: "dim" }, "the same");
  if (outcome === "onlyFrom") return el("span", { class: "dim" }, `only in ${from}`);
  if (outcome === "onlyTo") return el("span", { class: "dim" }, `only in ${to}`);
  if (!since) return el("span", { class: "inline dim" }, icon("differs"), outcome);
  const mark = gapMark({ kind: outcome, versions, against: from }, "loud");
  const now = at ? new Date(at).getTime() : Date.now();
  return el("span", { class: "inline" }, mark, meter(BAR, logShare(now - Date.parse(since)), outcome), el("span", {}, `for ${age(new Date(since), now)}`));
}
