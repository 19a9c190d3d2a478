// The matrix on a phone: a card for each component, with a line for each version and the environments that hold it.

import { attemptOf, gapMark } from "./cell.js";
import { el, icon, redraw, sign, steppedAge, version } from "./elements.js";
import { toCell, toComponent, toDeployment } from "./links.js";
import { word } from "./text.js";

/** The most cards. More would make a phone slow; the search finds the others. */
const MOST = 300;

/** Draws the cards of rows into a list. */
export function draw(list, rows, at) {
  redraw(list, [rows.slice(0, MOST), at], () => [
    ...rows.slice(0, MOST).map((row) => card(row, at)),
    rows.length > MOST && el("p", { class: "rest" }, `${rows.length - MOST} more components: search for them.`),
  ]);
}

function card(row, at) {
  const now = at ?? Date.now();
  const attempts = row.cells.map((cell) => ({ cell, attempt: attemptOf(cell, now) })).filter(({ attempt }) => attempt && !attempt.isOld);
  const has = (kind) => attempts.some(({ attempt }) => attempt.kind === kind);
  const kind = has("failed") ? "bad" : has("flight") ? "busy" : "";
  return el("article", { class: `card ${kind}` },
    el("h2", { class: "top" }, el("a", { href: toComponent(row.name) }, row.name), el("small", {}, row.owner)),
    el("ul", {}, attempts.map(({ cell, attempt }) => alarm(row, cell, attempt, at)), versionLines(row, at)));
}

function alarm(row, { environment, type }, { id, status, kind, version: text, occurredAt }, at) {
  return el("li", { class: `alarm ${kind}` }, sign(status), el("a", { href: toDeployment(id) }, el("b", {}, word(status)), " ", version(text)), place(row, environment, type), steppedAge(occurredAt, at));
}

/** A line for each version, with a chip for each of its environments. */
function versionLines(row, at) {
  const lines = new Map();
  for (const cell of row.cells.filter(({ current }) => current)) lines.set(cell.current.version, [...(lines.get(cell.current.version) ?? []), cell]);
  return [...lines].map(([text, cells]) => {
    const gap = cells.findLast((cell) => cell.gap)?.gap;
    const latest = cells.map(({ current }) => current.deployedAt).sort().at(-1);
    const was = cells.find((cell) => cell.isChanged && cell.was)?.was;
    return el("li", {}, was && [el("del", {}, version(was.version, "old")), icon("to", "arrow")], version(text), el("span", { class: "chips" }, cells.map(({ environment, type }) => place(row, environment, type))), gap && gapMark(gap, "loud"), steppedAge(latest, at));
  });
}

function place(row, environment, type) {
  const isProduction = type === "production";
  return el("a", { class: `envchip ${isProduction ? "prod" : ""}`, href: toCell(row.name, environment) }, isProduction && icon("shield"), environment);
}
