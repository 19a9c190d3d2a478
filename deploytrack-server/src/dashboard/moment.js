// The moment that the matrix shows: a popover with now, a few moments of the past and any other, and the banner of the past.

import { button, el, icon } from "./elements.js";
import { DAY, HOUR } from "./signals.js";
import { age, exact, local, moment } from "./text.js";

const CHOICES = [["Now", 0], ["1 hour ago", HOUR], ["Yesterday", DAY], ["Last week", 7 * DAY]];

/** The popover of the moments. `change` gets a date, or null for now. */
export function popover(chosen, change, showChanges) {
  const element = el("div", { id: "moments", class: "pop", popover: "auto" });
  const choose = (at) => {
    element.hidePopover();
    change(at);
  };
  const choice = ([text, back]) => {
    const at = back > 0 ? new Date(Date.now() - back) : null;
    return el("button", { type: "button", class: "choice", "aria-current": !chosen && !at ? "true" : null, click: () => choose(at) }, text, el("small", {}, at ? moment(at) : "live"));
  };
  const field = el("input", { type: "datetime-local", step: 1, "aria-label": "Moment", value: chosen ? local(chosen) : null });
  const submit = (event) => {
    event.preventDefault();
    const at = new Date(field.value);
    if (!Number.isNaN(at.getTime())) choose(at < new Date() ? at : null);
  };
  const draw = () => {
    element.replaceChildren(
      el("h2", {}, "Show the matrix as of"), ...CHOICES.map(choice),
      el("hr"), el("h2", {}, "Another moment"), el("form", { class: "custom", submit }, field, el("button", { class: "button solid" }, "Show")),
      el("hr"), el("button", { type: "button", class: "choice", click: () => { element.hidePopover(); showChanges(); } }, "What changed since yesterday"),
    );
  };
  element.addEventListener("beforetoggle", (event) => { if (event.newState === "open") draw(); });
  draw();
  return element;
}

/** The banner of a moment of the past. */
export const banner = (at, back) =>
  el("div", { class: "banner", role: "status" }, icon("clock"),
    el("span", {}, "As of ", el("b", {}, exact(at)), `, ${age(at)} ago. `, el("span", { class: "sub" }, "Nothing here changes.")),
    button("Back to now", { class: "button push", click: back }, "Back to now"));

/** The text of the button that opens the popover. */
export const label = (at) => (at ? `As of ${age(at)} ago` : "Now");
