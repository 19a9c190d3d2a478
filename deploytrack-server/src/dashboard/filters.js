// Which rows and columns the matrix shows, and in which order. All of it is in the address.

import { all } from "./api.js";
import { check, el, filterForm, search, select } from "./elements.js";

/** Those that the server applies. */
const OF_COMPONENTS = [["owner", "Owner"], ["kind", "Kind"], ["lifecycle", "Lifecycle"]];
/** Typing that goes on asks for nothing, in milliseconds. */
const TYPED = 150;

/** The filters as the address has them. */
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
    attempts: parameters.has("attempts"),
    archived: parameters.has("archived"),
    sort: text("sort"),
    at: Number.isNaN(at.getTime()) ? null : at,
  };
}

/** The same for the address. */
export const written = (filters) => ({ ...filters, at: filters.at?.toISOString() });

/** The question that they put to the server. */
export const question = ({ owner, kind, lifecycle, archived }) => ({ owner, kind, lifecycle, includeArchived: archived && "true" });

/** The form over the environments that can be chosen, `hidden` of which are not shown; `change` gets what is to be changed. */
export function form(filters, environments, hidden, change) {
  const text = (name, label, more = {}) => {
    let timer;
    const later = (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => change({ [name]: event.target.value.trim() }), TYPED);
    };
    return search(label, filters[name], { input: later, ...more });
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
    return el("fieldset", {}, el("legend", {}, hidden > 0 ? "Environments (of those that are shown)" : "Environments (all, if none is chosen)"), boxes);
  }

  const count = [filters.owner, filters.kind, filters.lifecycle, filters.archived, filters.env.length > 0].filter(Boolean).length;
  const more = el("details", { toggle: () => suggest(more) },
    el("summary", {}, count > 0 ? `More filters (${count} set)` : "More filters"),
    el("div", { class: "controls" }, OF_COMPONENTS.map(([name, label]) => text(name, label, { list: `known-${name}` })), flag("archived", "Archived too")),
    columns(),
  );
  return filterForm("Matrix", [
    text("q", "Component or version"),
    (hidden > 0 || filters.envq) && text("envq", "Environment"),
    select("Order", orders, filters.sort, (sort) => change({ sort })),
    flag("drift", "Only what differs"),
    flag("attempts", "Only in flight or failed"),
  ], more);
}

/** Offers the owners, kinds and lifecycles that there are, once somebody looks. */
async function suggest(details) {
  if (!details.open || details.querySelector("datalist")) return;
  const components = await all("components").catch(() => []);
  for (const [name] of OF_COMPONENTS) {
    const values = [...new Set(components.map((component) => component[name]).filter(Boolean))].sort();
    details.append(el("datalist", { id: `known-${name}` }, values.map((value) => el("option", { value }))));
  }
}
