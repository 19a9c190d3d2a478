// The control for the time of the matrix: a slider over a span that ends now, and a field for any time.

import { el, select } from "./elements.js";
import { exact, local } from "./text.js";

const HOUR = 3_600_000;
const SPANS = [[24, "1 day"], [24 * 7, "7 days"], [24 * 30, "30 days"], [24 * 365, "1 year"], [24 * 365 * 5, "5 years"]];
/** The value at the right end of the slider, which means now. */
const NOW = 1000;
/** The delay after the last movement of the slider before the time changes, in milliseconds. */
const SLIDE_DELAY = 200;

/** Creates the control. `change` gets a date, or null for now. */
export function control(chosen, change) {
  let span = SPANS.find(([hours]) => !chosen || Date.now() - chosen <= hours * HOUR) ?? SPANS.at(-1);
  let timer = null;
  const slider = el("input", { type: "range", min: 0, max: NOW, step: 1, input: onSlide });
  const field = el("input", { type: "datetime-local", step: 1, change: onInput });
  const now = el("button", { type: "button", click: () => choose(null) }, "Now");

  function showTime(at) {
    const back = at ? (Date.now() - at) / (span[0] * HOUR) : 0;
    slider.value = NOW * (1 - back);
    slider.setAttribute("aria-valuetext", at ? exact(at) : "now");
    field.value = at ? local(at) : "";
    now.disabled = !at;
  }

  function onSlide() {
    const back = (NOW - slider.value) / NOW;
    const at = back > 0 ? new Date(Math.floor((Date.now() - back * span[0] * HOUR) / 1000) * 1000) : null;
    showTime(at);
    clearTimeout(timer);
    timer = setTimeout(() => change(at), SLIDE_DELAY);
  }

  function onInput() {
    const at = field.value ? new Date(field.value) : null;
    if (at && Number.isNaN(at.getTime())) return;
    choose(at && at < Date.now() ? at : null);
  }

  function choose(at) {
    clearTimeout(timer);
    showTime(at);
    change(at);
  }

  const chooseSpan = (hours) => {
    span = SPANS.find((span) => span[0] === Number(hours));
    showTime(field.value ? new Date(field.value) : null);
  };
  const element = el("fieldset", { class: "moment" },
    el("legend", {}, "Point in time"),
    select("Span", SPANS.map(([hours, text]) => [String(hours), text]), String(span[0]), chooseSpan),
    el("label", { class: "slider" }, el("span", {}, "Back to"), slider),
    el("label", {}, el("span", {}, "Time"), field),
    now,
  );
  showTime(chosen);
  return { element, showTime };
}
