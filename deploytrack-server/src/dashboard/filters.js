// @ts-check
// The filters and the order of the matrix. The address contains all of them.

import { all } from "./api.js";
import { check, chip, el, icon, pick, search } from "./elements.js";
import { CHIPS, QUICK } from "./signals.js";
import { isMoment } from "./since.js";

/** The filters that the server applies. */
const SERVER_FILTERS = [["owner", "Owner"], ["kind", "Kind"], ["lifecycle", "Lifecycle"]];
/** The delay after the last key before a text filter applies, in milliseconds. */
const TYPING_DELAY = 150;
const ORDERS = [["", "By name"], ["latest", "Latest change first"], ["drift", "Most gaps first"]];
const GROUPS = [["", "No groups"], ["owner", "By owner"], ["kind", "By kind"]];
/** Parameters of former addresses, and the quick filters that replace them. */
const FORMER = { drift: "differs", unsettled: "unsettled" };
const KNOWN = ["q", "f", "env", "envq", "owner", "kind", "lifecycle", "archived", "sort", "group", "at", "since", "kiosk", ...Object.keys(FORMER)];

/** The filters from the parameters of the address. A value that means nothing is no filter, and `faults` names it. */
export function read(parameters) {
  const faults = [...new Set(parameters.keys())].filter((name) => !KNOWN.includes(name)).map((name) => `“${name}” is not a filter of the matrix.`);
  const text = (name) => parameters.get(name) ?? "";
  const valid = (name, isValid, what) => {
    if (!text(name) || isValid(text(name))) return text(name);
    faults.push(`${name}=${text(name)}: ${what}.`);
    return "";
  };
  const former = Object.keys(FORMER).find((name) => parameters.has(name));
  const at = valid("at", (time) => !Number.isNaN(Date.parse(time)), "this is not a time");
  return {
    q: text("q"),
    f: valid("f", (name) => Object.hasOwn(QUICK, name), "there is no such quick filter") || (former ? FORMER[former] : ""),
    env: parameters.getAll("env"),
    envq: text("envq"),
    owner: text("owner"),
    kind: text("kind"),
    lifecycle: text("lifecycle"),
    archived: parameters.has("archived"),
    sort: valid("sort", (order) => ORDERS.some(([value]) => value === order) || order.startsWith("oldest:"), "there is no such order"),
    group: valid("group", (group) => GROUPS.some(([value]) => value === group), "the groups are owner and kind"),
    at: at ? new Date(at) : null,
    since: valid("since", isMoment, "this is not a time"),
    kiosk: parameters.has("kiosk"),
    faults,
  };
}

/** The parameters of the address from the filters. */
export const toParameters = ({ faults: _, ...filters }) => ({ ...filters, at: filters.at?.toISOString() });

/** The parameters of the requests to the server. */
export const toQuery = ({ owner, kind, lifecycle, archived }) => ({ owner, kind, lifecycle, includeArchived: archived && "true" });

/** Calls a function after the last key. */
export function typed(change) {
  let timer;
  return (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => change(event.target.value.trim()), TYPING_DELAY);
  };
}

/**
 * The line of the filters. `environments` can be chosen, and `hidden` is the number of those that are not shown. `change` gets
 * the filters that change. `counts` sets the numbers of rows on the chips.
 */
export function bar(filters, environments, hidden, change) {
  const numbers = new Map(["", ...CHIPS].map((name) => [name, el("span", { class: "n" })]));
  const quick = (name) => {
    const element = chip(name ? QUICK[name][0] : "All", filters.f === name && !filters.since, () => change({ f: name, since: "" }));
    element.append(numbers.get(name));
    return element;
  };
  const since = chip("Changed since yesterday", Boolean(filters.since), () => change({ since: filters.since ? "" : "yesterday" }), icon("clock"));
  const orders = [...ORDERS, ...environments.map((name) => [`oldest:${name}`, `Oldest in ${name} first`])];
  const shown = [filters.owner, filters.kind, filters.lifecycle, filters.archived, filters.env.length > 0].filter(Boolean).length;
  const more = el("div", { id: "more", class: "pop", popover: "auto", toggle: ({ newState }) => (newState === "open" ? suggest(more) : change({})) }, fields(filters, environments, hidden, change));
  const element = el("form", { class: "filters", role: "search", "aria-label": "Matrix", submit: (event) => event.preventDefault() },
    [quick(""), ...CHIPS.map(quick)],
    el("span", { class: "gap" }),
    !filters.at && since,
    el("button", { type: "button", class: "chip", popovertarget: "more" }, shown > 0 ? `More filters (${shown} set)` : "More filters", icon("down")),
    (hidden > 0 || filters.envq) && search("Environment", filters.envq, { input: typed((envq) => change({ envq })) }),
    el("span", { class: "push" }),
    pick("Groups", GROUPS, filters.group, (group) => change({ group })),
    pick("Order", orders, filters.sort, (sort) => change({ sort })),
    more,
  );
  return {
    element,
    counts(all, counts) {
      for (const [name, number] of numbers) number.textContent = String(name ? counts[name] : all);
    },
  };
}

/** The fields of the filters that are used less often. */
function fields(filters, environments, hidden, change) {
  const text = ([name, label]) => search(label, filters[name], { input: typed((value) => change({ [name]: value })), list: `known-${name}` });
  const chosen = new Set(filters.env);
  const choose = (name, isChosen) => {
    if (isChosen) chosen.add(name);
    else chosen.delete(name);
    change({ env: environments.filter((name) => chosen.has(name)) });
  };
  const boxes = environments.map((name) => check(name, chosen.has(name), (isChosen) => choose(name, isChosen)));
  return [
    el("div", { class: "fields" }, SERVER_FILTERS.map(text), check("Include archived", filters.archived, (archived) => change({ archived }))),
    el("fieldset", { class: "boxes" }, el("legend", {}, hidden > 0 ? "Environments (only the shown ones)" : "Environments (all if none is chosen)"), boxes),
  ];
}

/** Adds suggestions for owner, kind and lifecycle when the filters are opened for the first time. */
async function suggest(fields) {
  if (fields.querySelector("datalist")) return;
  for (const [name] of SERVER_FILTERS) fields.append(el("datalist", { id: `known-${name}` }));
  const components = await all("components").catch(() => []);
  for (const [name] of SERVER_FILTERS) {
    const values = [...new Set(components.map((component) => component[name]).filter(Boolean))].sort();
    fields.querySelector(`#known-${name}`).append(...values.map((value) => el("option", { value })));
  }
}
