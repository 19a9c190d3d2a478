// The table of the matrix. Only cells whose content changed are redrawn, and a large table has only the cells of the rows near
// the viewport, so that thousands of rows stay fast.

import { drawCell } from "./cell.js";
import { el, icon, stage, unseen } from "./elements.js";
import { toComponent, toEnvironment } from "./links.js";
import { Rover } from "./rover.js";
import { count } from "./text.js";

/** The most cells that are drawn at once. */
const MOST_AT_ONCE = 4000;
/** The distance to the viewport at which the cells of a row are drawn. */
const MARGIN = "600px";

/** The table of the matrix. */
export class Grid {
  /** The drawn rows by component: element, row, contents of the cells. */
  #entries = new Map();
  /** The cell and its row, by the element of the cell. */
  #cells = new WeakMap();
  #byElement = new WeakMap();
  #columns = "";
  #at = null;
  #isLarge = false;
  #observer;
  #head = el("thead", { role: "rowgroup" });
  #body = el("tbody", { role: "rowgroup" });
  // The rows have the layout of grids. Without explicit roles, screen readers would no longer treat them as a table.
  element = el("table", { class: "matrix", role: "table", "aria-label": "What runs where" }, this.#head, this.#body);
  #rover = new Rover(this.element);

  /** `scroller` is the element in which the table scrolls. */
  constructor(scroller) {
    const seen = (entries) => {
      for (const { isIntersecting, target } of entries) {
        const entry = this.#byElement.get(target);
        if (isIntersecting) this.#fill(entry);
        else if (this.#isLarge) this.#empty(entry);
      }
    };
    this.#observer = new IntersectionObserver(seen, { root: scroller, rootMargin: MARGIN });
    addEventListener("beforeprint", () => { for (const entry of this.#entries.values()) this.#fill(entry); });
  }

  /** Draws rows over columns, for the time `at` or for now. `group` is the property by which the rows are grouped. */
  draw(columns, rows, { at, group = "", sort = "", since = "" }) {
    const key = JSON.stringify([columns.map(({ name, type }) => [name, type]), at, since]);
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    if (key !== this.#columns) this.#reset(key, columns.length);
    this.#at = at;
    // Rows that are filtered out may come back, so the size is that of the largest table so far.
    this.#isLarge ||= rows.length * columns.length > MOST_AT_ONCE;
    this.element.classList.toggle("since", Boolean(since));
    this.#drawHead(columns, rows.length);
    const entries = rows.map((row) => this.#entry(row));
    lead(entries, !group && !sort);
    arrange(this.#body, group ? grouped(entries, group, columns.length) : entries.map(({ element }) => element));
    this.#rover.keep();
    if (focused && !this.#body.contains(document.activeElement)) this.focus(focused);
  }

  /** Sets the focus to a link, if it exists. */
  focus(href) {
    const component = new URLSearchParams(href.split("?")[1]).get("component");
    const entry = this.#entries.get(component);
    if (entry) this.#fill(entry);
    const link = this.#body.querySelector(`a[href="${CSS.escape(href)}"]`);
    if (link) this.#rover.focus(link);
  }

  /** The row and the cell of an element of a cell. */
  at(element) {
    return this.#cells.get(element) ?? null;
  }

  #reset(key, columns) {
    this.#columns = key;
    this.#entries.clear();
    this.#observer.disconnect();
    this.#body.replaceChildren();
    this.element.style.setProperty("--columns", columns);
  }

  #drawHead(columns, rows) {
    const key = JSON.stringify([columns, rows]);
    if (this.#head.dataset.key === key) return;
    this.#head.dataset.key = key;
    this.#head.replaceChildren(heading(columns, rows));
  }

  #entry(row) {
    const entry = this.#entries.get(row.name) ?? this.#newEntry(row.name);
    entry.row = row;
    if (!this.#isLarge || entry.contents) this.#fill(entry);
    if (this.#isLarge && !entry.isObserved) this.#observer.observe(entry.element);
    entry.isObserved ||= this.#isLarge;
    return entry;
  }

  #newEntry(name) {
    const owner = el("span", { class: "team" });
    const link = el("a", { class: "name", href: toComponent(name), title: name, tabindex: "-1" }, el("span", {}, name), owner);
    const element = el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader" }, link));
    const entry = { element, owner, row: null, contents: null, isObserved: false };
    this.#entries.set(name, entry);
    this.#byElement.set(element, entry);
    return entry;
  }

  /** Removes the cells of a row far from the viewport. The row with the focus keeps them. */
  #empty(entry) {
    if (!entry.contents || entry.element.contains(document.activeElement)) return;
    while (entry.element.children.length > 1) entry.element.lastChild.remove();
    entry.contents = null;
    entry.element.classList.remove("near");
  }

  /** Draws the cells of a row whose content changed. */
  #fill(entry) {
    const { element, row, owner } = entry;
    if (owner.textContent !== (row.owner ?? "")) owner.textContent = row.owner ?? "";
    const contents = row.cells.map((cell) => JSON.stringify(cell));
    const before = entry.contents;
    entry.contents = contents;
    element.classList.add("near");
    row.cells.forEach((cell, column) => {
      const old = element.children[column + 1];
      if (before?.[column] === contents[column]) return this.#cells.set(old, { row, cell });
      const made = drawCell(row.name, cell, this.#at, cell.type === "production" && row.cells[column - 1]?.type !== "production");
      this.#cells.set(made, { row, cell });
      if (!old) return element.append(made);
      if (landed(JSON.parse(before[column]), cell)) flash(made);
      this.#rover.replace(old, made);
    });
  }
}

/** Whether another version became current. */
const landed = (before, cell) => Boolean(cell.current) && before.current?.version !== cell.current.version;

function flash(element) {
  element.classList.add("landed");
  element.addEventListener("animationend", () => element.classList.remove("landed"), { once: true });
}

/** Marks the rows where the first word of the names changes. */
function lead(entries, isByName) {
  let last = null;
  for (const { element, row } of entries) {
    const word = row.name.split(/[-_./ ]/)[0];
    element.classList.toggle("leads", isByName && last !== null && word !== last);
    last = word;
  }
}

/** The rows with a heading before each group. */
function grouped(entries, group, columns) {
  let last;
  return entries.flatMap(({ element, row }) => {
    const isFirst = last !== row[group];
    last = row[group];
    return isFirst ? [groupHeading(row[group] ?? `no ${group}`, columns), element] : [element];
  });
}

const groupHeading = (text, columns) => el("tr", { role: "row", class: "group" }, el("th", { scope: "rowgroup", role: "rowheader", "aria-colspan": columns + 1 }, el("span", {}, text)));

/** Puts rows into the given order. Rows that are already in place are not moved. */
function arrange(body, elements) {
  const remaining = new Set(elements);
  for (const row of [...body.children]) if (!remaining.has(row)) row.remove();
  let existing = body.firstElementChild;
  for (const element of elements) {
    if (existing === element) existing = existing.nextElementSibling;
    else body.insertBefore(element, existing);
  }
}

function heading(columns, rows) {
  const environment = ({ name, type, behind }, at) => {
    const isProduction = type === "production";
    const edge = isProduction && columns[at - 1]?.type !== "production";
    return el("th", { scope: "col", role: "columnheader", class: isProduction ? `prod ${edge ? "edge" : ""}` : null },
      el("a", { class: "env", href: toEnvironment(name), tabindex: "-1", title: `${name}: ${type}` }, stage(type), el("span", { class: "label" }, name),
        isProduction && icon("shield", "shield"), type !== name && el("span", { class: "kind" }, type), behind > 0 && behindTotal(behind)));
  };
  const corner = el("th", { scope: "col", role: "columnheader" }, el("span", { class: "env" }, el("span", { class: "label" }, "Component"), el("span", { class: "tot" }, String(rows))));
  return el("tr", { role: "row" }, corner, columns.map(environment));
}

const behindTotal = (number) => el("span", { class: "tot", title: `${count(number, "component")} behind` }, icon("behind"), String(number), unseen(" behind"));
