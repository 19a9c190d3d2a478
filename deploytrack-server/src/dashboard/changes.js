// The page of the latest deployments: of everything, of a component, of an environment, or of one cell with its current version.

import * as address from "./address.js";
import { get, page } from "./api.js";
import { ago, commit, el, filterForm, moment, notice, pipeline, redraw, report, search, select, status, table } from "./elements.js";
import { STATUSES, cellIn, duration, isSame } from "./text.js";

const TAKE = 25;
const ORDERS = [["occurred", "Happened"], ["created", "Recorded"]];
const COLUMNS = ["Happened", "Status", "Component", "Environment", "Version", "By", "Ended", "Took", "Origin"];

/** Shows the page. */
export function show(root, { parameters }) {
  let filters = Object.fromEntries(parameters);
  const heading = el("h1", { tabindex: "-1" });
  const body = el("div");
  const tools = el("div", { class: "tools" });
  root.replaceChildren(heading, tools, body);

  const change = (changed) => {
    const { cursor: _, ...rest } = filters;
    location.hash = address.to("changes", { ...rest, ...changed });
  };

  // An empty field removes its filter.
  const day = (name, label) => moment(label, filters[name], (time) => change({ [name]: time?.toISOString() }));

  function controls() {
    const text = (name, label) => search(label, filters[name], { change: (event) => change({ [name]: event.target.value.trim() }) });
    tools.replaceChildren(filterForm("Changes", [
      text("component", "Component"),
      text("environment", "Environment"),
      select("Status", [["", "any"], ...STATUSES], filters.status ?? "", (status) => change({ status })),
      day("occurredAfter", "Since"),
      day("occurredBefore", "Until"),
      select("Order", ORDERS, filters.order ?? "occurred", (order) => change({ order: order === "occurred" ? null : order })),
    ]));
  }

  async function refresh() {
    const { component, environment } = filters;
    const cell = component && environment;
    heading.textContent = cell ? `${component} in ${environment}` : (component ?? environment) ? `Changes: ${component || environment}` : "Changes";
    try {
      const [list, matrix] = await Promise.all([
        page("deployments", { order: "occurred", ...filters, take: TAKE }),
        cell ? get("deployments/matrix", { component, environment, includeArchived: "true" }) : null,
      ]);
      redraw(body, [filters, list, matrix], () => [
        matrix && current(matrix, environment),
        list.data.length > 0 ? table("Deployments, the newest first", COLUMNS, list.data.map(cells)) : notice("No deployment matches."),
        el("nav", { class: "pages", "aria-label": "Pages of the list" }, pageLink("Newer", list.prev), pageLink("Older", list.next), el("span", {}, `${list.total} in total`)),
      ]);
    } catch (error) {
      report(body, error);
    }
  }

  const pageLink = (text, cursor) => (cursor ? el("a", { href: address.to("changes", { ...filters, cursor }) }, text) : null);

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

function concerns({ deployment }, { component, environment }) {
  return deployment && (!component || isSame(component, deployment.componentName)) && (!environment || isSame(environment, deployment.environmentName));
}

function current([row], environment) {
  const cell = row && cellIn(row.environments, environment);
  return el("p", { class: "lead" }, cell ? ["Current: ", el("strong", {}, cell.version), ", for ", ago(cell.deployedAt)] : "No deployment is current here.");
}

function cells(deployment) {
  const { componentName: component, environmentName: environment } = deployment;
  const ended = deployment.startedAt && deployment.finishedAt;
  return [
    el("a", { href: address.to(`deployments/${deployment.id}`) }, ago(deployment.occurredAt), " ago"),
    status(deployment.status),
    el("a", { href: address.to("changes", { component }) }, component),
    el("a", { href: address.to("changes", { environment }) }, environment),
    deployment.version,
    deployment.deployedBy,
    deployment.finishedAt ? el("span", {}, ago(deployment.finishedAt), " ago") : "–",
    ended ? duration(deployment.startedAt, deployment.finishedAt) : "–",
    origin(deployment),
  ];
}

/** The links to the pipeline and the commit of a deployment. */
function origin(deployment) {
  const links = [pipeline(deployment, "pipeline"), commit(deployment, deployment.commitSha?.slice(0, 12))].filter(Boolean);
  return el("span", { class: "links" }, links.length > 0 ? links : "–");
}
