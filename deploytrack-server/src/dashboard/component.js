// The page of one component: where which version is current, what was current when, its deployments, and one of them.

import * as address from "./address.js";
import { get, page } from "./api.js";
import { environments } from "./catalog.js";
import { gapMark } from "./cell.js";
import { brief } from "./deployments.js";
import { details } from "./details.js";
import { ago, el, icon, notice, person, redraw, report, sign, status, tag } from "./elements.js";
import { shownGap, typesOf } from "./environments.js";
import { facts, read } from "./facts.js";
import { repositoryOf } from "./forges.js";
import { lanes, measures } from "./lanes.js";
import { toComponent, toDeployment, toEnvironment } from "./links.js";
import { fact, head, metadata, panel, version } from "./parts.js";
import { newestOf, periods, standing, versionNumbers } from "./periods.js";
import { DAY } from "./signals.js";
import { cellIn, count, isSame, startOfDay } from "./text.js";

/** The most pages that the drawing reads. */
const MOST_PAGES = 5;
const TAKE = 100;
/** The most deployments in the list below the drawing. */
const SHOWN = 25;
/** Environments without the component are shown unless there are more environments than this. */
const MOST_EMPTY = 12;
const phone = matchMedia("(max-width: 720px)");
/** Beside the list there is room for one deployment. */
const wide = matchMedia("(min-width: 1101px)");

/** Shows the component with the name in the address, and one of its deployments. */
export function show(root, { id: name, parameters }) {
  const body = el("div");
  root.replaceChildren(body);
  let chosenId = parameters.get("deployment");
  let known = null;
  let draw = () => {};

  async function refresh() {
    try {
      const component = (await get("components", { name })).data[0];
      if (!component) return redraw(body, [name], () => [head(name), notice(`There is no component ${name}.`)]);
      const found = await readAll(component);
      known = { component, ...found, details: await details(found.deployments.slice(0, SHOWN)) };
      await choose();
    } catch (error) {
      report(body, error);
    }
  }

  /** Reads and shows the chosen deployment, or the newest one that is unsettled or current. */
  async function choose() {
    try {
      const id = chosenId ?? newestOf(known.places)?.id;
      const chosen = id ? await read(id) : null;
      draw = () => redraw(body, [known, [...known.details], chosen, phone.matches, wide.matches], () => content(known, chosen));
      draw();
    } catch (error) {
      report(body, error);
    }
  }

  const onResize = () => {
    if (root.isConnected) return draw();
    for (const width of [phone, wide]) width.removeEventListener("change", onResize);
  };
  for (const width of [phone, wide]) width.addEventListener("change", onResize);
  return {
    go(next) {
      chosenId = next.get("deployment");
      return known ? choose() : refresh();
    },
    refresh,
    onEvents: (events) => (events.some(({ deployment }) => !deployment || isSame(deployment.componentName, name)) ? refresh() : undefined),
  };
}

async function readAll({ id, name }) {
  const start = new Date(startOfDay(Date.now()) - measures(false).days * DAY).toISOString();
  const [current, before, matrix, recent] = await Promise.all([
    get("deployments/latest", { componentId: id }),
    get("deployments/latest", { componentId: id, at: start }),
    get("deployments/matrix", { component: name, gaps: "true", includeArchived: "true" }),
    newest(id, start),
  ]);
  const shown = new Set(recent.deployments.map((one) => one.id));
  const earlier = before.filter((one) => !shown.has(one.id));
  const catalog = await environments([...recent.deployments, ...earlier].map((one) => one.environmentName));
  const places = await Promise.all(catalog.map((environment) => place(environment, [...recent.deployments, ...earlier], current, matrix[0]?.environments ?? {})));
  const isShown = (place) => place.current || place.periods.length > 0 || place.attempts.length > 0 || (!place.archived && catalog.length <= MOST_EMPTY);
  return { ...recent, earlier, catalog, places: places.filter(isShown) };
}

/** The deployments since a time, newest first, as far as a few pages go. */
async function newest(componentId, start) {
  const deployments = [];
  let cursor = null;
  let total = 0;
  for (let at = 0; at < MOST_PAGES; at += 1) {
    const read = await page("deployments", { componentId, order: "occurred", take: TAKE, cursor });
    deployments.push(...read.data);
    total = read.total;
    cursor = read.next;
    if (!cursor || read.data.at(-1)?.occurredAt < start) return { deployments, total, isCut: false };
  }
  return { deployments, total, isCut: true };
}

/** An environment with its periods, its attempts, its current deployment and its gap, and its newest attempt if that is unsettled. */
async function place({ name, type, archived }, deployments, current, cells) {
  const here = deployments.filter((one) => isSame(one.environmentName, name));
  const found = periods(here);
  const now = current.find((one) => isSame(one.environmentName, name)) ?? null;
  const open = found.at(-1);
  if (open && open.end === null && !now) open.end = await undeployedAt(open.deployment);
  const attempts = here.filter((one) => one.status !== "succeeded");
  const isNewer = (one) => one.status !== "rolled_back" && (!now || one.occurredAt > now.succeededAt);
  const gap = cellIn(cells, name)?.gap;
  return { name, type, archived, periods: found, attempts, current: now, gap: gap ? shownGap(gap) : null, attempt: attempts.find(isNewer) ?? null };
}

/** The time when a component left an environment, from the history of its last deployment. */
async function undeployedAt({ id, occurredAt }) {
  const history = await get(`deployments/${id}/history`);
  return Date.parse(history.findLast((entry) => entry.event === "undeployed")?.occurredAt ?? occurredAt);
}

function content({ component, deployments, total, isCut, earlier, places, catalog, details }, chosen) {
  const { name, owner, kind, lifecycle, description } = component;
  const about = [owner && `Owner ${owner}`, kind, lifecycle].filter(Boolean).join(", ");
  const repository = deployments.map(repositoryOf).find(Boolean);
  const measured = measures(phone.matches);
  const note = `${measured.days} days. One colour is one version.${isCut ? ` Only the newest ${deployments.length} deployments are drawn.` : ""}`;
  const to = wide.matches ? (id) => `${toComponent(name)}?deployment=${id}` : toDeployment;
  const typeOf = typesOf(catalog);
  return [
    head(name, el("span", { class: "sub" }, about), el("span", { class: "push" }),
      repository && el("a", { class: "button", href: repository, rel: "noopener noreferrer", target: "_blank" }, icon("out"), "Repository"),
      el("a", { class: "button", href: address.to("changes", { component: name }) }, "All changes")),
    description && el("p", { class: "prose" }, description),
    el("ul", { class: "panel places" }, places.map((one) => placeItem(one, chosen?.deployment))),
    panel("What was current when", note, lanes(`What was current when: ${name}`, places, versionNumbers([...earlier, ...deployments]), measured)),
    el("div", { class: "cols" },
      panel("Deployments", count(total, "deployment"), brief(deployments.slice(0, SHOWN), ["state", "environment"], { details, typeOf, to, chosen: chosen?.deployment.id })),
      chosen && chosenPanel(chosen, typeOf)),
  ];
}

/** The chosen deployment, with a link to its own page. */
function chosenPanel(found, typeOf) {
  const { deployment, current } = found;
  const { environmentName, metadata: more } = deployment;
  return panel([status(deployment.status), version(deployment), tag(environmentName, typeOf(environmentName))], null,
    facts(found, [fact("Now", standing(deployment, current))], []),
    Object.keys(more).length > 0 && [el("h3", {}, "Metadata"), metadata(more)],
    el("p", { class: "rest" }, el("a", { class: "link", href: toDeployment(deployment.id) }, "Attempts and history")));
}

function placeItem({ name, type, current, gap, attempt }, chosen) {
  const isChosen = chosen && isSame(chosen.environmentName, name);
  return el("li", { class: `place ${type}`, "aria-current": isChosen ? "true" : null },
    el("a", { class: "name-link", href: toEnvironment(name), title: name }, tag(name, type)),
    el("span", { class: `big ${type === "production" ? "prod" : ""}` }, current ? [sign("succeeded"), version(current), gap && gapMark(gap)] : el("span", { class: "dim" }, "nothing")),
    current && el("span", { class: "inline" }, person(current.deployedBy), el("span", { class: "dim" }, ago(current.succeededAt), " ago")),
    attempt && el("span", { class: `inline alarm ${attempt.status}` }, status(attempt.status), version(attempt)));
}
