// The page of one component: where which version is current, what was current when, and its deployments.

import * as address from "./address.js";
import { all, get, page } from "./api.js";
import { ago, el, notice, redraw, report, status } from "./elements.js";
import { list } from "./deployments.js";
import { lanes, measures } from "./lanes.js";
import { environment, section, version } from "./parts.js";
import { periods, versionNumbers } from "./periods.js";
import { replacedBy } from "./replaced.js";
import { count, isSame } from "./text.js";

const DAY = 86_400_000;
/** The most pages that the drawing reads. */
const MOST_PAGES = 5;
const TAKE = 100;
/** The most deployments in the list below the drawing. */
const SHOWN = 25;
const narrow = matchMedia("(max-width: 40rem)");

/** Shows the component with the name in the address. */
export function show(root, { id: name }) {
  const body = el("div");
  root.replaceChildren(body);
  let draw = () => {};

  async function refresh() {
    try {
      const component = (await get("components", { name })).data[0];
      if (!component) return redraw(body, [name], () => [el("h1", { tabindex: "-1" }, name), notice(`There is no component ${name}.`)]);
      const read = await readAll(component);
      const replaced = await replacedBy(read.deployments.slice(0, SHOWN));
      draw = () => redraw(body, [component, read, [...replaced], narrow.matches], () => content(component, read, replaced));
      draw();
    } catch (error) {
      report(body, error);
    }
  }

  const onResize = () => (root.isConnected ? draw() : narrow.removeEventListener("change", onResize));
  narrow.addEventListener("change", onResize);
  return { go: refresh, refresh, onEvents: (events) => (events.some(({ deployment }) => !deployment || isSame(deployment.componentName, name)) ? refresh() : undefined) };
}

async function readAll({ id }) {
  const start = new Date(new Date().setHours(0, 0, 0, 0) - measures(false).days * DAY).toISOString();
  const [environments, current, before, recent] = await Promise.all([
    all("environments", {}),
    get("deployments/latest", { componentId: id }),
    get("deployments/latest", { componentId: id, at: start }),
    newest(id, start),
  ]);
  const known = new Set(recent.deployments.map((one) => one.id));
  const earlier = before.filter((one) => !known.has(one.id));
  const places = await Promise.all(environments.map((environment) => place(environment, [...recent.deployments, ...earlier], current)));
  return { ...recent, earlier, places: places.filter((place) => place.current || place.periods.length > 0 || place.attempts.length > 0 || !place.archived) };
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

/** An environment with its periods, its attempts, its current deployment, and its newest attempt if that is unsettled. */
async function place({ name, type, archived }, deployments, current) {
  const here = deployments.filter((one) => isSame(one.environmentName, name));
  const found = periods(here);
  const now = current.find((one) => isSame(one.environmentName, name)) ?? null;
  const open = found.at(-1);
  if (open && open.end === null && !now) open.end = await undeployedAt(open.deployment);
  const attempts = here.filter((one) => one.status !== "succeeded");
  const isNewer = (one) => one.status !== "rolled_back" && (!now || one.occurredAt > now.succeededAt);
  return { name, type, archived, periods: found, attempts, current: now, attempt: attempts.find(isNewer) ?? null };
}

/** The time when a component left an environment, from the history of its last deployment. */
async function undeployedAt({ id, occurredAt }) {
  const history = await get(`deployments/${id}/history`);
  return Date.parse(history.findLast((entry) => entry.event === "undeployed")?.occurredAt ?? occurredAt);
}

function content(component, { deployments, total, isCut, earlier, places }, replaced) {
  const { name, owner, kind, lifecycle, description } = component;
  const about = [owner && `Owner ${owner}`, kind, lifecycle].filter(Boolean).join(", ");
  const measured = measures(narrow.matches);
  const note = `${measured.days} days. One colour is one version.${isCut ? ` Only the newest ${deployments.length} deployments are drawn.` : ""}`;
  return [
    el("h1", { tabindex: "-1" }, name),
    about && el("p", { class: "about" }, about),
    description && el("p", { class: "prose" }, description),
    el("ul", { class: "places" }, places.map(placeCard)),
    section("What was current when", el("p", { class: "about" }, note), lanes(`What was current when: ${name}`, places, versionNumbers([...earlier, ...deployments]), measured)),
    section("Deployments", el("p", { class: "about" }, `${count(total, "deployment")} `, el("a", { href: address.to("changes", { component: name }) }, "All changes")), list(deployments.slice(0, SHOWN), replaced)),
  ];
}

function placeCard({ name, type, current, attempt }) {
  return el("li", { class: `place ${type}` },
    environment(name),
    el("span", { class: "big" }, current ? version(current) : "nothing"),
    current && el("span", { class: "about" }, ago(current.succeededAt), " ago, by ", current.deployedBy),
    attempt && el("span", {}, status(attempt.status), " ", version(attempt)),
  );
}
