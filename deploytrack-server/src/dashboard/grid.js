// The grid of the matrix. A row is redrawn only if its content changed, so that a grid with a thousand rows stays fast.

import * as address from "./address.js";
import { ago, el, unseen } from "./elements.js";
import { word } from "./text.js";

/** The table of the matrix. */
export class Grid {
  /** The drawn rows by component: element, content, texts of the cells, columns. */
  #drawn = new Map();
  #head = el("thead", { role: "rowgroup" });
  #body = el("tbody", { role: "rowgroup" });
  // The rows have the layout of grids. Without explicit roles, screen readers would no longer treat them as a table.
  element = el("table", { class: "matrix", role: "table", "aria-label": "What runs where" }, this.#head, this.#body);

  /** Draws rows, for the time `at` or for now, and restores the focus. */
  draw(columns, rows, at) {
    this.element.style.setProperty("--columns", columns.length);
    this.#head.replaceChildren(heading(columns));
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    arrange(this.#body, rows.map((row) => this.#row(row, JSON.stringify(columns), at)));
    if (focused && !this.#body.contains(document.activeElement)) this.focus(focused);
  }

  /** Sets the focus to a link, if it exists. */
  focus(href) {
    this.#body.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
  }

  /** The element of a row. It is reused as long as its content does not change. */
  #row(row, columns, at) {
    const cells = row.cells.map((cell) => JSON.stringify(cell));
    const content = JSON.stringify([cells, columns, at]);
    const before = this.#drawn.get(row.name);
    if (before?.content === content) return before.element;
    const isNew = (column) => before?.columns === columns && before.cells[column] !== cells[column];
    const element = el("tr", { role: "row" },
      el("th", { scope: "row", role: "rowheader" }, el("a", { href: address.to("changes", { component: row.name }), title: row.name }, row.name)),
      row.cells.map((cell, column) => drawCell(row.name, cell, at, isNew(column))),
    );
    this.#drawn.set(row.name, { content, element, cells, columns });
    return element;
  }
}

/** Puts rows into the given order. Rows that are already in place are not moved. */
function arrange(body, elements) {
  const remaining = new Set(elements);
  for (const row of [...body.children]) if (!remaining.has(row)) row.remove();
  elements.forEach((element, at) => {
    const existing = body.children[at] ?? null;
    if (existing !== element) body.insertBefore(element, existing);
  });
}

function heading(names) {
  const environment = (name) =>
    el("th", { scope: "col", role: "columnheader" }, el("a", { href: address.to("changes", { environment: name }) }, name));
  return el("tr", { role: "row" }, el("th", { scope: "col", role: "columnheader" }, "Component"), names.map(environment));
}

function drawCell(name, { environment, current, unsettled, differsFrom }, at, isNew) {
  const href = address.to("changes", { component: name, environment });
  const link = current
    ? el("a", { class: "current", href },
        el("span", { class: "version", title: current.version }, current.version),
        el("span", { class: "since" }, ago(current.deployedAt, at), unseen(at ? " before" : " ago"),
          differsFrom && el("span", { class: "drift", title: `differs from ${differsFrom}` }, el("span", { "aria-hidden": "true" }, " ≠"), unseen(`, differs from ${differsFrom}`))))
    : el("a", { class: "current nothing", href }, el("span", { "aria-hidden": "true" }, "–"), unseen("no deployment is current"));
  const endAnimation = (event) => event.currentTarget.classList.remove("new");
  return el("td", { role: "cell", class: isNew ? "new" : null, animationend: endAnimation }, link, unsettled && unsettledLink(unsettled));
}

/** The link to the unsettled deployment, below the current one. */
function unsettledLink({ id, status, version, occurredAt }) {
  return el("a", { class: `unsettled status ${status}`, href: address.to(`deployments/${id}`) },
    `${word(status)} `, el("span", { class: "version", title: version }, version), " ", ago(occurredAt), unseen(" ago"));
}
