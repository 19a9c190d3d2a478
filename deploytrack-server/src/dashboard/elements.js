// Making elements. Text goes in as text nodes, so that no name can become markup.

import { LoggedOut, Refused } from "./api.js";
import { age, commitAddress, exact, local, webAddress, word } from "./text.js";

/**
 * An element with attributes and children. Attributes that are null or false are left out; functions are listeners.
 * Children that are null or false are left out; what is no element is text.
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text for those who hear the page. */
export const unseen = (text) => el("span", { class: "unseen" }, text);

/** How long ago something was: at a moment of the past, or now, where it grows older with the page. */
export function ago(time, at = null) {
  const date = new Date(time);
  return el("time", { datetime: date.toISOString(), title: exact(date), class: at ? "then" : null }, age(date, at ?? Date.now()));
}

/** Brings every age on the page up to date. */
export function growOlder() {
  for (const time of document.querySelectorAll("time:not(.then)")) {
    const text = age(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

/** A status as a sign, a colour and a word. */
export const status = (name) => el("span", { class: `status ${name}` }, word(name));

/** A link that leaves this page; plain text where the address is none of the web. */
function away(address, text) {
  const url = webAddress(address);
  return url ? el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text, unseen(" (opens a new page)")) : el("span", {}, text);
}

/** Where the pipeline that a deployment came from can be seen, if it said. */
export function pipeline({ metadata }, text) {
  const address = metadata.ci?.runUrl;
  return address ? away(address, text ?? String(address)) : null;
}

/** Where its commit can be seen, if it said. */
export function commit({ metadata, commitSha }, text = commitSha) {
  return commitSha ? away(commitAddress((metadata.ci ?? metadata.git)?.repository, commitSha), text) : null;
}

/** A table with its caption for those who hear the page, and cells that know their column's name for narrow screens. */
export function table(caption, columns, rows) {
  const head = el("tr", {}, columns.map((column) => el("th", { scope: "col" }, column)));
  const body = rows.map((cells) => el("tr", {}, cells.map((cell, at) => el("td", { "data-column": columns[at] }, cell))));
  return el("table", { class: "list" }, el("caption", { class: "unseen" }, caption), el("thead", {}, head), el("tbody", {}, body));
}

/** A choice of one among pairs of value and text. */
export function select(label, choices, chosen, change) {
  const options = choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("label", {}, el("span", {}, label), el("select", { change: (event) => change(event.target.value) }, options));
}

/** A field for a word to look for; `more` are attributes and listeners of the input. */
export const search = (label, value, more) =>
  el("label", {}, el("span", {}, label), el("input", { type: "search", value, spellcheck: "false", autocomplete: "off", ...more }));

/** A field for a moment, which is a date or null. */
export const moment = (label, value, change) => {
  const date = new Date(value ?? "");
  const field = { type: "datetime-local", value: Number.isNaN(date.getTime()) ? null : local(date), step: 1 };
  return el("label", {}, el("span", {}, label), el("input", { ...field, change: (event) => change(event.target.value ? new Date(event.target.value) : null) }));
};

/** A box to be checked. */
export const check = (label, checked, change) =>
  el("label", { class: "check" }, el("input", { type: "checkbox", checked, change: (event) => change(event.target.checked) }), el("span", {}, label));

/** A form that filters what is below it; it is never sent. */
export const filterForm = (label, controls, ...more) =>
  el("form", { class: "filters", role: "search", "aria-label": label, submit: (event) => event.preventDefault() }, el("div", { class: "controls" }, controls), more);

/** What each room shows. */
const shown = new WeakMap();

/** Draws a room anew where it is to show something else, and leaves the focus on what it was on. */
export function redraw(room, content, draw) {
  const key = JSON.stringify(content);
  if (shown.get(room) === key) return;
  shown.set(room, key);
  const name = (element) => element.getAttribute("href") ?? element.tagName;
  const focused = room.contains(document.activeElement) ? name(document.activeElement) : null;
  room.replaceChildren(...draw().filter(Boolean));
  if (focused) [...room.querySelectorAll("a, [tabindex], summary")].find((element) => name(element) === focused)?.focus({ preventScroll: true });
}

/**
 * Says in a room what the server has refused. What else goes wrong is thrown on, to be tried again; what is shown already
 * stays meanwhile.
 */
export function report(room, error) {
  const isRefused = error instanceof Refused;
  if (isRefused || (room.childElementCount === 0 && !(error instanceof LoggedOut))) {
    shown.delete(room);
    room.replaceChildren(notice(error.message, "trouble"));
  }
  if (!isRefused) throw error;
}

/** A sentence in the place of something that cannot be shown. */
export const notice = (text, kind = "") => el("p", { class: `notice ${kind}`, role: kind ? "alert" : null }, text);
