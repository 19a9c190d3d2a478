// The page of the latest deployments: of everything, of a component, of an environment, or of one cell with its current version.

import * as address from "./address.js";
import { all, get, page } from "./api.js";
import { environments } from "./catalog.js";
import { controls } from "./controls.js";
import { daily } from "./deployments.js";
import { details } from "./details.js";
import { ago, drawControls, el, notice, redraw, report } from "./elements.js";
import { typesOf } from "./environments.js";
import { component, environment, head, version } from "./parts.js";
import { merged, requests, sortKey } from "./selection.js";
import { cellIn, count, isSame } from "./text.js";

const TAKE = 25;
/** The delay after the last key before a text filter applies, in milliseconds. */
const TYPING_DELAY = 400;

/** Shows the page. */
export function show(root, { parameters }) {
  let filters = Object.fromEntries(parameters);
  const title = el("div");
  const tools = el("div");
  const body = el("div");
  root.replaceChildren(title, tools, body);
  let latest = 0;
  let timer;

  /** Changes filters by a link, which is an entry in the history of the browser. Another filter begins at the newest again. */
  const change = (changed) => {
    clearTimeout(timer);
    location.hash = address.to("changes", { ...fromNewest(filters), ...changed });
  };

  /** Changes a filter while it is typed: the controls stay, and the browser's history has no entry for each key. */
  const type = (name, value) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      filters = { ...fromNewest(filters), [name]: value };
      if (!value) delete filters[name];
      address.replace("changes", filters);
      refresh().catch(console.error);
    }, TYPING_DELAY);
  };

  const redrawControls = () => drawControls(tools, () => controls(filters, { change, type, suggest }));

  async function refresh() {
    latest += 1;
    const [asked, read] = [filters, latest];
    const isOld = () => read !== latest;
    drawTitle(asked, null);
    try {
      const found = await readList(asked);
      if (isOld()) return;
      drawTitle(asked, found);
      redraw(body, [asked, found.list, [...found.details], found.unknown, found.catalog], () => content(asked, found));
    } catch (error) {
      if (!isOld()) report(body, error);
    }
  }

  /** While the list is read, the former note beside the heading stays. */
  function drawTitle(asked, found) {
    const text = heading(asked);
    if (!found && title.firstChild) title.querySelector("h1").textContent = text;
    else redraw(title, [text, asked, found], () => [head(text, found && about(asked, found))]);
  }

  redrawControls();
  return {
    go(next) {
      filters = Object.fromEntries(next);
      redrawControls();
      return refresh();
    },
    refresh,
    onEvents: (events) => (events.some((event) => concerns(event, filters)) ? refresh() : undefined),
  };
}

/** The filters without the place of a page. */
const fromNewest = ({ cursor: _, before: __, ...rest }) => rest;

/** Adds the names of components or environments when a field is entered for the first time. */
async function suggest(name, list) {
  if (list.childElementCount > 0) return;
  const known = await all(`${name}s`).catch(() => []);
  list.replaceChildren(...known.map(({ name }) => el("option", { value: name })));
}

const heading = ({ component, environment }) =>
  component && environment ? `${component} in ${environment}` : component || environment ? `Changes: ${component || environment}` : "Changes";

async function readList(filters) {
  const { component, environment } = filters;
  const isCell = component && environment;
  const [list, matrix] = await Promise.all([
    readPage(filters),
    isCell ? get("deployments/matrix", { component, environment, includeArchived: "true" }) : null,
  ]);
  const [known, unknown, catalog] = await Promise.all([
    details(list.data),
    list.total === 0 ? unknownNames(filters) : [],
    environments(list.data.map((one) => one.environmentName)),
  ]);
  return { list, matrix, details: known, unknown, catalog };
}

/** One list has cursors. Of several lists the newest are shown, and the next page begins at a time. */
async function readPage(filters) {
  const asked = requests(filters, filters.type ? await environments() : []);
  const lists = await Promise.all(asked.map((parameters) => page("deployments", { order: "occurred", ...parameters, take: TAKE })));
  return lists.length === 1 ? lists[0] : merged(lists, sortKey(filters), TAKE);
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

/** The note beside the heading: what is current in a cell, or the number of deployments. */
function about(filters, { list, matrix, catalog }) {
  const typeOf = typesOf(catalog);
  const of = [filters.component && component(filters.component), filters.environment && environment(filters.environment, typeOf(filters.environment))].filter(Boolean);
  return [
    matrix && current(matrix, filters.environment),
    el("span", { class: "sub" }, count(list.total, "deployment"), filters.before && " from here on"),
    of.length > 0 && el("span", { class: "push inline" }, of),
  ];
}

function current([row], environment) {
  const cell = row && cellIn(row.environments, environment);
  return el("p", { class: "lead" }, cell ? ["Current: ", version(cell), ", for ", ago(cell.deployedAt)] : "No deployment is current here.");
}

function content(filters, { list: { data, prev, next, before }, details, unknown, catalog }) {
  const rest = fromNewest(filters);
  const link = (text, more) => el("a", { class: "button", href: address.to("changes", { ...rest, ...more }) }, text);
  const context = { details, typeOf: typesOf(catalog), key: sortKey(filters) };
  return [
    data.length > 0 ? daily(data, context) : notice([Object.values(rest).some(Boolean) ? "No deployment matches." : "Nothing is recorded yet.", ...unknown].join(" ")),
    el("nav", { class: "pages", "aria-label": "Pages of the list" },
      prev && link("Newer", { cursor: prev }), filters.before && link("Newest", {}), next && link("Older", { cursor: next }), before && link("Older", { before })),
  ];
}
