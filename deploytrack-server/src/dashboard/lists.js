// @ts-check
// Tables with one line for each row.

import { el } from "./elements.js";
import { count } from "./text.js";

/**
 * A table with a caption for screen readers. A column is a name, or a name and the class of its cells. A body is a list of rows
 * with an optional head. Narrow screens show the names of the columns beside the cells if the kind of the table is `named`.
 */
export function table(caption, columns, bodies, kind = "") {
  const named = columns.map((column) => [column].flat());
  const head = named.map(([name, kind]) => el("th", { scope: "col", class: kind ?? null }, name));
  const label = (at) => (typeof named[at][0] === "string" ? named[at][0] : null);
  const cell = (content, at) => el("td", { class: named[at][1] ?? null, "data-column": label(at) }, content);
  const row = ({ cells, isChosen }) => el("tr", { "aria-current": isChosen ? "true" : null }, cells.map(cell));
  return el("table", { class: `list ${kind}` }, el("caption", { class: "unseen" }, caption), el("thead", {}, el("tr", {}, head)),
    bodies.map(({ head, rows }) => el("tbody", {}, head && groupHead(head, columns.length), rows.map(row))));
}

/** A table with one body. The rows are lists of cells. */
export const plainTable = (caption, columns, rows) => table(caption, columns, [{ rows: rows.map((cells) => ({ cells })) }], "named");

const groupHead = ([title, note], span) =>
  el("tr", { class: "day" }, el("th", { scope: "rowgroup", colspan: span }, title, " ", el("small", {}, note)));

/** The number of deployments, and how many of them failed. */
export function countDeployments(list) {
  const failed = list.filter((one) => one.status === "failed").length;
  return `${count(list.length, "deployment")}${failed > 0 ? `, ${failed} failed` : ""}`;
}
