// The grid of the matrix: rows that are drawn again only when they say something else, so that a thousand of them may change.

import * as address from "./address.js";
import { ago, el, unseen } from "./elements.js";
import { word } from "./text.js";

/** The table, and what its rows say. */
export class Grid {
  #drawn = new Map();
  #head = el("thead", { role: "rowgroup" });
  #body = el("tbody", { role: "rowgroup" });
  // Its rows are laid out as grids, which takes the meaning of a table from them where no role says it.
  element = el("table", { class: "matrix", role: "table", "aria-label": "What runs where" }, this.#head, this.#body);

  /** Shows these rows, as of a moment or now, and leaves the focus on the link it was on. */
  draw(columns, rows, at) {
    this.element.style.setProperty("--columns", columns.length);
    this.#head.replaceChildren(heading(columns));
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    place(this.#body, rows.map((row) => this.#row(row, JSON.stringify(columns), at)));
    if (focused && !this.#body.contains(document.activeElement)) this.focus(focused);
  }

  /** Goes to a link, where it is still there. */
  focus(href) {
    this.#body.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
  }

  /** The element of a row; the one that is there as long as it says the same. */
  #row(row, columns, at) {
    const told = row.cells.map((cell) => JSON.stringify(cell));
    const content = JSON.stringify([told, columns, at]);
    const before = this.#drawn.get(row.name);
    if (before?.content === content) return before.element;
    const isNew = (column) => before?.columns === columns && before.told[column] !== told[column];
    const element = el("tr", { role: "row" },
      el("th", { scope: "row", role: "rowheader" }, el("a", { href: address.to("changes", { component: row.name }), title: row.name }, row.name)),
      row.cells.map((cell, column) => drawCell(row.name, cell, at, isNew(column))),
    );
    this.#drawn.set(row.name, { content, element, told, columns });
    return element;
  }
}

/** Puts rows in their places, and moves none that stays. */
function place(body, elements) {
  const wanted = new Set(elements);
  for (const row of [...body.children]) if (!wanted.has(row)) row.remove();
  elements.forEach((element, at) => {
    const there = body.children[at] ?? null;
    if (there !== element) body.insertBefore(element, there);
  });
}

function heading(names) {
  const environment = (name) =>
    el("th", { scope: "col", role: "columnheader" }, el("a", { href: address.to("changes", { environment: name }) }, name));
  return el("tr", { role: "row" }, el("th", { scope: "col", role: "columnheader" }, "Component"), names.map(environment));
}

function drawCell(name, { environment, current, attempt, differsFrom }, at, isNew) {
  const href = address.to("changes", { component: name, environment });
  const held = current
    ? el("a", { class: "current", href },
        el("span", { class: "version", title: current.version }, current.version),
        el("span", { class: "since" }, ago(current.deployedAt, at), unseen(at ? " before" : " ago"),
          differsFrom && el("span", { class: "drift", title: `differs from ${differsFrom}` }, el("span", { "aria-hidden": "true" }, " ≠"), unseen(`, differs from ${differsFrom}`))))
    : el("a", { class: "current nothing", href }, el("span", { "aria-hidden": "true" }, "–"), unseen("nothing is current"));
  const aged = (event) => event.currentTarget.classList.remove("new");
  return el("td", { role: "cell", class: isNew ? "new" : null, animationend: aged }, held, attempt && mark(attempt));
}

/** What is on its way, or failed, below what serves. */
function mark(attempt) {
  return el("a", { class: `attempt status ${attempt.status}`, href: address.to(`deployments/${attempt.id}`) },
    `${word(attempt.status)} `, el("span", { class: "version", title: attempt.version }, attempt.version), " ", ago(attempt.occurredAt), unseen(" ago"));
}
