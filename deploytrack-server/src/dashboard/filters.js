// @ts-check
// The filters and the order of the matrix. The address contains all of them.

import { all } from "./api.js";
import { check, el, filterForm, search, select } from "./elements.js";

/** The filters that the server applies. */
const SERVER_FILTERS = [["owner", "Owner"], ["kind", "Kind"], ["lifecycle", "Lifecycle"]];
/** The delay after the last key before a text filter applies, in milliseconds. */
const TYPING_DELAY = 150;

/** The filters from the parameters of the address. */
export function read(parameters) {
  const text = (name) => parameters.get(name) ?? "";
  const at = new Date(text("at"));
  return {
    q: text("q"),
    env: parameters.getAll("env"),
    envq: text("envq"),
    owner: text("owner"),
    kind: text("kind"),
    lifecycle: text("lifecycle"),
    drift: parameters.has("drift"),
    unsettled: parameters.has("unsettled"),
    archived: parameters.has("archived"),
    sort: text("sort"),
    at: Number.isNaN(at.getTime()) ? null : at,
  };
}

/** The parameters of the address from the filters. */
export const toParameters = (filters) => ({ ...filters, at: filters.at?.toISOString() });

/** The parameters of the requests to the server. */
export const toQuery = ({ owner, kind, lifecycle, archived }) => ({ owner, kind, lifecycle, includeArchived: archived && "true" });

/**
 * The form of the filters. `environments` can be chosen, and `hidden` is the number of those that are not shown. `change` gets
 * the filters that change.
 */
export function form(filters, environments, hidden, change) {
  const text = (name, label, more = {}) => {
    let timer;
    const delayed = (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => change({ [name]: event.target.value.trim() }), TYPING_DELAY);
    };
    return search(label, filters[name], { input: delayed, ...more });
  };
  const flag = (name, label) => check(label, filters[name], (checked) => change({ [name]: checked }));
  const orders = [["", "Name"], ["latest", "Latest change"], ["drift", "Most drift"], ...environments.map((name) => [`oldest:${name}`, `Oldest in ${name}`])];

  function columns() {
    const chosen = new Set(filters.env);
    const choose = (name, isChosen) => {
      if (isChosen) chosen.add(name);
      else chosen.delete(name);
      change({ env: environments.filter((name) => chosen.has(name)) });
    };
    const boxes = environments.map((name) => check(name, chosen.has(name), (isChosen) => choose(name, isChosen)));
    return el("fieldset", {}, el("legend", {}, hidden > 0 ? "Environments (only the shown ones)" : "Environments (all if none is chosen)"), boxes);
  }

  const count = [filters.owner, filters.kind, filters.lifecycle, filters.archived, filters.env.length > 0].filter(Boolean).length;
  const more = el("details", { toggle: () => suggest(more) },
    el("summary", {}, count > 0 ? `More filters (${count} set)` : "More filters"),
    el("div", { class: "controls" }, SERVER_FILTERS.map(([name, label]) => text(name, label, { list: `known-${name}` })), flag("archived", "Include archived")),
    columns(),
  );
  return filterForm("Matrix", [
    text("q", "Component or version"),
    (hidden > 0 || filters.envq) && text("envq", "Environment"),
    select("Order", orders, filters.sort, (sort) => change({ sort })),
    flag("drift", "Only drift"),
    flag("unsettled", "Only unsettled (in flight or failed)"),
  ], more);
}

/** Adds suggestions for owner, kind and lifecycle when the filters are opened for the first time. */
async function suggest(details) {
  if (!details.open || details.querySelector("datalist")) return;
  const components = await all("components").catch(() => []);
  for (const [name] of SERVER_FILTERS) {
    const values = [...new Set(components.map((component) => component[name]).filter(Boolean))].sort();
    details.append(el("datalist", { id: `known-${name}` }, values.map((value) => el("option", { value }))));
  }
}
