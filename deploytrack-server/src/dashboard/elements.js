// @ts-check
// Creates elements. Text is inserted only as text nodes, so that no name can become markup.

import { Unauthorized, Refusal } from "./api.js";
import { TYPES } from "./environments.js";
import { age, exact, freshness, initials, isBot, local, shortVersion, tint, word } from "./text.js";

/**
 * Creates an element with attributes and children. Attributes that are null or false are omitted; functions become listeners.
 * Children that are null or false are omitted; children that are not elements become text.
 */
export const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

/** Creates an element of a drawing, as `el` does. */
export const svg = (name, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** A sign of icons.svg. Words beside it must say the same. */
export const icon = (name, kind = "") => svg("svg", { class: `i ${kind}`, "aria-hidden": "true" }, svg("use", { href: `assets/icons.svg#${name}` }));

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text for screen readers only. */
export const unseen = (text) => el("span", { class: "unseen" }, text);

/** The age of a time: at the time `at`, or now. `updateAges` keeps an age up to date unless it has an `at`. */
export function ago(time, at = null) {
  const date = new Date(time);
  return el("time", { datetime: date.toISOString(), title: exact(date), class: at ? "then" : null }, age(date, at ?? Date.now()));
}

/** An age in its column: the fresher, the louder. */
export function steppedAge(time, at = null) {
  const element = ago(time, at);
  element.className += ` age a${freshness((at ?? Date.now()) - new Date(time).getTime())}`;
  return element;
}

/** The names of the signs of the statuses. */
export const SIGNS = { pending: "pending", in_progress: "progress", succeeded: "succeeded", failed: "failed", rolled_back: "rolled" };

/** The sign of a status. */
export const sign = (status, kind = "") => icon(SIGNS[status], `${status} ${kind}`);

/** A version. A long hash is cut; its title is the whole, and copying it copies the whole. */
export function version(text, kind = "") {
  const shown = shortVersion(text);
  const copy = (event) => {
    if (String(getSelection()).trim() !== shown) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  };
  return el("span", { class: `version ${kind}`, title: text, copy: shown === text ? null : copy }, shown);
}

/** A person or a program, as initials or as a robot. */
export const who = (name, isLit = false) =>
  el("span", { class: `who ${isBot(name) ? "bot" : `p${tint(name)}`} ${isLit ? "lit" : ""}`, title: name, role: "img", "aria-label": `by ${name}` }, isBot(name) ? icon("bot") : initials(name));

/** A person or a program with the name. */
export const person = (name) =>
  name ? el("span", { class: "person inline", title: name }, el("span", { class: "inline", "aria-hidden": "true" }, who(name, true)), el("span", { class: "dim" }, name.replace(/\[bot\]$/, ""))) : el("span", { class: "dim" }, "–");

/** The meter of an environment's type: one bar for development, four for production. Another type has none. */
export const stage = (type) => (TYPES.includes(type) ? icon(`stage${TYPES.indexOf(type) + 1}`, "stage") : null);

/** An environment with its meter. */
export const tag = (name, type) => el("span", { class: `tag ${type === "production" ? "prod" : ""}` }, stage(type), el("span", {}, name));

/** A button with a sign, a name and perhaps visible text. */
export const button = (name, attributes, ...children) => el("button", { type: "button", class: "button", "aria-label": name, title: name, ...attributes }, children);

/** A button that is on or off. */
export const chip = (text, isOn, click, ...children) => el("button", { type: "button", class: "chip", "aria-pressed": String(isOn), click }, children, text);

/** A selection without a visible label. */
export const pick = (label, choices, chosen, change) =>
  el("label", { class: "pick" }, unseen(label),
    el("select", { change: (event) => change(event.target.value) }, choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text))), icon("down"));

/** Updates all ages on the page. */
export function updateAges() {
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = document.querySelectorAll("time:not(.then)");
  for (const time of times) {
    const text = age(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
    if (time.classList.contains("age")) time.className = `age a${freshness(Date.now() - new Date(time.dateTime).getTime())}`;
  }
}

/** A status with its sign, its colour and its word. */
export const status = (name) => el("span", { class: `status ${name}` }, sign(name, name === "in_progress" ? "spin" : ""), el("span", { class: "word" }, word(name)));

/** A search field. `more` has further attributes and listeners of the input. */
export const search = (label, value, more) =>
  el("label", {}, el("span", {}, label), el("input", { type: "search", value, spellcheck: "false", autocomplete: "off", ...more }));

/** A field for a time. `change` gets a date, or null if the field is empty. */
export const moment = (label, value, change) => {
  const date = new Date(value ?? "");
  const field = { type: "datetime-local", value: Number.isNaN(date.getTime()) ? null : local(date), step: 1 };
  return el("label", {}, el("span", {}, label), el("input", { ...field, change: (event) => change(event.target.value ? new Date(event.target.value) : null) }));
};

/** A checkbox. */
export const check = (label, checked, change) =>
  el("label", { class: "check" }, el("input", { type: "checkbox", checked, change: (event) => change(event.target.checked) }), el("span", {}, label));

/** A button that opens a popover, and the popover. The button of a popover whose values are set is marked. */
export const popover = (id, text, isSet, ...content) => [
  el("button", { type: "button", class: `button ${isSet ? "past" : ""}`, popovertarget: id }, icon("clock"), text, icon("down", "down")),
  el("div", { id, class: "pop near", popover: "auto" }, content),
];

/** Draws controls anew. An open popover stays, since somebody uses it: the controls are drawn when it closes. */
export function drawControls(container, draw) {
  const open = container.querySelector(":popover-open");
  if (open) open.addEventListener("toggle", () => container.replaceChildren(draw()), { once: true });
  else container.replaceChildren(draw());
}

/** Replaces the content of a container. A control that had the focus has it again. */
export function replaceContent(container, children) {
  const controls = () => [...container.querySelectorAll("a, button, select, input")];
  const focused = controls().indexOf(document.activeElement);
  container.replaceChildren(...children.filter(Boolean));
  if (focused >= 0) controls()[focused]?.focus({ preventScroll: true });
}

/** The content of each container, as JSON. */
const contents = new WeakMap();

/** Redraws a container if its content has changed, and restores the focus. */
export function redraw(container, content, draw) {
  const key = JSON.stringify(content);
  if (contents.get(container) === key) return;
  contents.set(container, key);
  const name = (element) => element.getAttribute("href") ?? element.tagName;
  const focused = container.contains(document.activeElement) ? name(document.activeElement) : null;
  container.replaceChildren(...draw().filter(Boolean));
  if (focused) [...container.querySelectorAll("a, [tabindex], summary")].find((element) => name(element) === focused)?.focus({ preventScroll: true });
}

/**
 * Shows a refusal in a container. Other errors are rethrown, so that the read is repeated; existing content stays visible
 * meanwhile. An empty container shows every error but an invalid token.
 */
export function report(container, error) {
  const isRefused = error instanceof Refusal;
  if (isRefused || (container.childElementCount === 0 && !(error instanceof Unauthorized))) {
    contents.delete(container);
    container.replaceChildren(notice(error.message, "trouble"));
  }
  if (!isRefused) throw error;
}

/** A message in place of the content. */
export const notice = (text, kind = "") => el("p", { class: `notice ${kind}`, role: kind ? "alert" : null }, text);
