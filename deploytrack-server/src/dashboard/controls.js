// The controls of the changes: quick filters, fields that are typed, times, and the order.

import { chip, el, moment, pick, popover } from "./elements.js";
import { QUICK } from "./selection.js";
import { DAY } from "./signals.js";
import { STATUSES, moment as shortMoment } from "./text.js";

const ORDERS = [["occurred", "By when they happened"], ["created", "By when they were recorded"]];
/** The fields: the filter, its label, and whether names are suggested. */
const FIELDS = [["component", "Component", true], ["environment", "Environment", true], ["version", "Version"], ["deployedBy", "Who"], ["commitSha", "Commit"]];
const PERIODS = [["Any time", null], ["Last 24 hours", 1], ["Last 7 days", 7], ["Last 30 days", 30]];

/**
 * The two lines of controls. `change` gets the filters that change by a choice, `type` the name and the text of a field, and
 * `suggest` is called with the list of suggestions when a field is entered.
 */
export function controls(filters, { change, type, suggest }) {
  return el("form", { class: "narrow", role: "search", "aria-label": "Changes", submit: (event) => event.preventDefault() },
    el("div", { class: "filters bare" },
      chip("All", !filters.status && !filters.type, () => change({ status: null, type: null })),
      QUICK.map(([text, status]) => chip(text, filters.status === status, () => change({ status: filters.status === status ? null : status }))),
      chip("Production only", filters.type === "production", () => change({ type: filters.type ? null : "production" })),
      el("span", { class: "gap" }),
      pick("Status", [["", "Any status"], ["in_flight", "in flight"], ...STATUSES], filters.status ?? "", (status) => change({ status })),
      el("span", { class: "push" }),
      pick("Order", ORDERS, filters.order ?? "occurred", (order) => change({ order: order === "occurred" ? null : order }))),
    el("div", { class: "typed" }, FIELDS.map((field) => text(field, filters, type, suggest)), times(filters, change)));
}

function text([name, label, isSuggested], filters, type, suggest) {
  const list = isSuggested ? el("datalist", { id: `known-${name}` }) : null;
  const suggested = list && { list: list.id, focus: () => suggest(name, list) };
  const input = { type: "search", value: filters[name], spellcheck: "false", autocomplete: "off", input: (event) => type(name, event.target.value.trim()) };
  return el("label", { class: "field" }, el("span", {}, label), el("input", { ...input, ...suggested }), list);
}

/** The popover of the times: a few periods, and two fields. An empty field removes its filter. */
function times({ occurredAfter, occurredBefore }, change) {
  const isSet = Boolean(occurredAfter || occurredBefore);
  const choose = (days) => change({ occurredAfter: days && new Date(Date.now() - days * DAY).toISOString(), occurredBefore: null });
  const hides = { popovertarget: "times", popovertargetaction: "hide" };
  const period = ([name, days]) => el("button", { type: "button", class: "choice", ...hides, "aria-current": !isSet && !days ? "true" : null, click: () => choose(days) }, name);
  const field = (name, label, value) => moment(label, value, (time) => change({ [name]: time?.toISOString() }));
  return popover("times", periodText(occurredAfter, occurredBefore), isSet, PERIODS.map(period), el("hr"),
    el("div", { class: "fields" }, field("occurredAfter", "Since", occurredAfter), field("occurredBefore", "Until", occurredBefore)));
}

function periodText(after, before) {
  const text = (word, at) => at && !Number.isNaN(Date.parse(at)) && `${word} ${shortMoment(at)}`;
  return [text("since", after), text("until", before)].filter(Boolean).join(" ") || "Any time";
}
