// Which rows and columns the matrix shows, and in which order. All of it is in the address.

import { all } from "./api.js";
import { el, select } from "./elements.js";

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

/** The form; `change` gets what is to be changed. */
export function form(filters, environments, change) {
  const text = (name, label, more = {}) => {
    let timer;
    const later = (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => change({ [name]: event.target.value.trim() }), TYPED);
    };
    return el("label", {}, el("span", {}, label), el("input", { type: "search", value: filters[name], spellcheck: "false", autocomplete: "off", input: later, ...more }));
  };
  const check = (name, label) =>
    el("label", { class: "check" }, el("input", { type: "checkbox", checked: filters[name], change: (event) => change({ [name]: event.target.checked }) }), el("span", {}, label));
  const orders = [["", "Name"], ["latest", "Latest change"], ["drift", "Most drift"], ...environments.map((name) => [`oldest:${name}`, `Oldest in ${name}`])];

  function columns() {
    const boxes = environments.map((name) => el("input", { type: "checkbox", value: name, checked: filters.env.includes(name), change: chosen }));
    function chosen() {
      change({ env: boxes.filter((box) => box.checked).map((box) => box.value) });
    }
    const labels = boxes.map((box) => el("label", { class: "check" }, box, el("span", {}, box.value)));
    return el("fieldset", {}, el("legend", {}, "Environments (all, if none is chosen)"), labels);
  }

  const count = [filters.owner, filters.kind, filters.lifecycle, filters.archived, filters.env.length > 0].filter(Boolean).length;
  const more = el("details", { toggle: () => suggest(more) },
    el("summary", {}, count > 0 ? `More filters (${count} set)` : "More filters"),
    el("div", { class: "controls" }, OF_COMPONENTS.map(([name, label]) => text(name, label, { list: `known-${name}` })), check("archived", "Archived too")),
    columns(),
  );
  return el("form", { class: "filters", role: "search", "aria-label": "Matrix", submit: (event) => event.preventDefault() },
    el("div", { class: "controls" },
      text("q", "Component or version"),
      select("Order", orders, filters.sort, (sort) => change({ sort })),
      check("drift", "Only what differs"),
      check("attempts", "Only in flight or failed"),
    ),
    more,
  );
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
