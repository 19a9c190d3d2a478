// The whole of a cell, beside it: after a short rest of the pointer, and at once at the focus of the keyboard.

import { attemptOf, gapWords } from "./cell.js";
import { el, tag } from "./elements.js";
import { age, exact, word } from "./text.js";

/** The rest of the pointer before the peek opens, in milliseconds. */
const REST = 350;

/** Shows peeks over the cells of a table. `find` returns the row and the cell of an element, and `moment` the shown time. */
export function attach(table, find, moment) {
  let open = null;
  let timer;

  function hide() {
    clearTimeout(timer);
    open?.remove();
    open = null;
  }

  function show(td) {
    hide();
    const found = find(td);
    if (!td.isConnected || !found || !(found.cell.current || found.cell.unsettled || found.cell.rolledBack)) return;
    open = draw(found, moment());
    document.body.append(open);
    place(open, td.getBoundingClientRect());
  }

  table.addEventListener("pointerover", ({ target, pointerType }) => {
    clearTimeout(timer);
    const td = target.closest("td");
    if (!td) return hide();
    if (pointerType === "mouse") timer = setTimeout(() => show(td), REST);
  });
  table.addEventListener("pointerout", hide);
  table.addEventListener("focusin", ({ target }) => {
    const td = target.closest("td");
    if (td && target.matches(":focus-visible")) show(td);
    else hide();
  });
  table.addEventListener("focusout", hide);
  table.addEventListener("click", hide);
  return { hide, isOpen: () => open !== null };
}

function draw({ row, cell }, at) {
  const { current, gap, environment, type } = cell;
  const attempt = attemptOf(cell, at ?? Date.now());
  const fact = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];
  return el("div", { class: "peek", "aria-hidden": "true" },
    el("p", { class: "title" }, row.name, tag(environment, type)),
    el("p", { class: "full" }, (current ?? attempt).version),
    current && el("dl", {}, fact("Since", exact(current.deployedAt)), fact("Who", current.deployedBy), fact("Commit", current.commitSha?.slice(0, 12)), fact("Gap", gap && gapWords(gap))),
    attempt && el("p", { class: `why ${attempt.kind}` }, `${word(attempt.status)}: ${attempt.version}, ${age(new Date(attempt.occurredAt), at ?? Date.now())} ago${attempt.deployedBy ? `, ${attempt.deployedBy}` : ""}`));
}

/** Below the cell, or above it where there is no room. */
function place(element, box) {
  const size = element.getBoundingClientRect();
  element.style.left = `${Math.max(8, Math.min(box.left, innerWidth - size.width - 12))}px`;
  element.style.top = `${box.bottom + size.height + 8 > innerHeight ? Math.max(8, box.top - size.height - 4) : box.bottom + 4}px`;
}
