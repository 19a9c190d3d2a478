// The page of the latest deployments: of everything, of a component, of an environment, or of one cell with its current version.

import * as address from "./address.js";
import { all, get, page } from "./api.js";
import { list } from "./deployments.js";
import { ago, el, filterForm, moment, notice, redraw, report, search, select } from "./elements.js";
import { component, environment } from "./parts.js";
import { replacedBy } from "./replaced.js";
import { STATUSES, cellIn, isSame } from "./text.js";

const TAKE = 25;
/** The delay after the last key before a text filter applies, in milliseconds. */
const TYPING_DELAY = 400;
const ORDERS = [["occurred", "Happened"], ["created", "Recorded"]];
const TEXTS = [["component", "Component"], ["environment", "Environment"], ["version", "Version"], ["deployedBy", "By"], ["commitSha", "Commit"]];

/** Shows the page. */
export function show(root, { parameters }) {
  let filters = Object.fromEntries(parameters);
  const heading = el("h1", { tabindex: "-1" });
  const body = el("div");
  const tools = el("div", { class: "tools" });
  const names = { component: el("datalist", { id: "known-component" }), environment: el("datalist", { id: "known-environment" }) };
  root.replaceChildren(heading, tools, body, ...Object.values(names));
  let latest = 0;
  let timer;

  /** Changes filters by a link, which is an entry in the history of the browser. */
  const change = (changed) => {
    clearTimeout(timer);
    const { cursor: _, ...rest } = filters;
    location.hash = address.to("changes", { ...rest, ...changed });
  };

  /** Changes a filter while it is typed: the controls stay, and the browser's history has no entry for each key. */
  const type = (name, value) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { cursor: _, ...rest } = filters;
      filters = { ...rest, [name]: value };
      if (!value) delete filters[name];
      address.replace("changes", filters);
      refresh().catch(console.error);
    }, TYPING_DELAY);
  };

  // An empty field removes its filter.
  const day = (name, label) => moment(label, filters[name], (time) => change({ [name]: time?.toISOString() }));

  function controls() {
    const text = ([name, label]) => search(label, filters[name], {
      list: names[name]?.id ?? null,
      focus: suggest,
      input: (event) => type(name, event.target.value.trim()),
    });
    tools.replaceChildren(filterForm("Changes", [
      TEXTS.map(text),
      select("Status", [["", "any"], ...STATUSES], filters.status ?? "", (status) => change({ status })),
      day("occurredAfter", "Since"),
      day("occurredBefore", "Until"),
      select("Order", ORDERS, filters.order ?? "occurred", (order) => change({ order: order === "occurred" ? null : order })),
    ].flat()));
  }

  /** Adds the names of components and environments when a field is entered for the first time. */
  async function suggest() {
    if (names.component.childElementCount > 0) return;
    const lists = await Promise.all([all("components"), all("environments")]).catch(() => [[], []]);
    Object.values(names).forEach((list, at) => list.replaceChildren(...lists[at].map(({ name }) => el("option", { value: name }))));
  }

  async function refresh() {
    latest += 1;
    const [asked, read] = [filters, latest];
    const isOld = () => read !== latest;
    heading.textContent = title(asked);
    try {
      const found = await readList(asked);
      if (!isOld()) redraw(body, [asked, found.list, found.matrix, [...found.replaced], found.unknown], () => content(asked, found));
    } catch (error) {
      if (!isOld()) report(body, error);
    }
  }

  controls();
  return {
    go(next) {
      filters = Object.fromEntries(next);
      controls();
      return refresh();
    },
    refresh,
    onEvents: (events) => (events.some((event) => concerns(event, filters)) ? refresh() : undefined),
  };
}

const title = ({ component, environment }) =>
  component && environment ? `${component} in ${environment}` : component || environment ? `Changes: ${component || environment}` : "Changes";

async function readList(filters) {
  const { component, environment } = filters;
  const isCell = component && environment;
  const [list, matrix] = await Promise.all([
    page("deployments", { order: "occurred", ...filters, take: TAKE }),
    isCell ? get("deployments/matrix", { component, environment, includeArchived: "true" }) : null,
  ]);
  const [replaced, unknown] = await Promise.all([replacedBy(list.data), list.total === 0 ? unknownNames(filters) : []]);
  return { list, matrix, replaced, unknown };
}

/** The names in the filters that no component and no environment has. */
async function unknownNames(filters) {
  const kinds = ["component", "environment"].filter((kind) => filters[kind]);
  const totals = await Promise.all(kinds.map((kind) => get(`${kind}s`, { name: filters[kind], take: 1 })));
  return kinds.filter((_, at) => totals[at].total === 0).map((kind) => `There is no ${kind} ${filters[kind]}.`);
}

function concerns({ deployment }, { component, environment }) {
  return deployment && (!component || isSame(component, deployment.componentName)) && (!environment || isSame(environment, deployment.environmentName));
}

function content(filters, { list: { data, prev, next, total }, matrix, replaced, unknown }) {
  const link = (text, cursor) => (cursor ? el("a", { href: address.to("changes", { ...filters, cursor }) }, text) : null);
  const of = [filters.component && component(filters.component), filters.environment && environment(filters.environment)].filter(Boolean);
  return [
    matrix && current(matrix, filters.environment),
    of.length > 0 && el("p", { class: "about pair" }, of),
    ...(data.length > 0 ? list(data, replaced, filters.order === "created" ? "createdAt" : "occurredAt") : [notice(["No deployment matches.", ...unknown].join(" "))]),
    el("nav", { class: "pages", "aria-label": "Pages of the list" }, link("Newer", prev), link("Older", next), el("span", {}, `${total} in total`)),
  ];
}

function current([row], environment) {
  const cell = row && cellIn(row.environments, environment);
  return el("p", { class: "lead" }, cell ? ["Current: ", el("strong", {}, cell.version), ", for ", ago(cell.deployedAt)] : "No deployment is current here.");
}
