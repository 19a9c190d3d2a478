// The page of one deployment: what is current in its cell, what it replaced, its attempts, its history and its metadata.

import { get } from "./api.js";
import { ago, el, redraw, report, status, table } from "./elements.js";
import { comparePage } from "./forges.js";
import { away, commit, component, copy, currentIn, environment, fact, metadataValue, pipeline, section, version } from "./parts.js";
import { momentBefore, standing, successor } from "./periods.js";
import { duration, exact, isSame, word } from "./text.js";

/** The most deployments of a page of a list, and the highest `skip`. */
const PAGE = 100;
const DEEPEST = 10_000;

/** Shows the deployment with the id in the address. */
export function show(root, { id }) {
  const body = el("div");
  root.replaceChildren(body);
  let cell = null;

  async function refresh() {
    const path = `deployments/${encodeURIComponent(id)}`;
    try {
      const [deployment, history] = await Promise.all([get(path), get(`${path}/history`)]);
      cell = deployment;
      const around = await neighbours(deployment);
      redraw(body, [deployment, history, around], () => content(deployment, history, around));
    } catch (error) {
      report(body, error);
    }
  }

  const concerns = ({ deployment }) => deployment?.id === id
    || (cell && deployment?.componentId === cell.componentId && isSame(deployment.environmentName, cell.environmentName));
  return { go: refresh, refresh, onEvents: (events) => (events.some(concerns) ? refresh() : undefined) };
}

/** What is current now, what was current before the deployment, and what replaced it. */
async function neighbours(deployment) {
  const [current, previous, next] = await Promise.all([
    currentIn(deployment),
    currentIn(deployment, momentBefore(deployment)),
    deployment.status === "succeeded" ? replacement(deployment) : null,
  ]);
  return { current, previous: previous?.id === deployment.id ? null : previous, next };
}

/** The list is sorted newest first, so the next deployment is at its end. */
async function replacement(deployment) {
  const { componentId, environmentId, succeededAt } = deployment;
  const later = { componentId, environmentId, occurredAfter: succeededAt, order: "occurred", take: PAGE };
  const first = await get("deployments", later);
  const skip = Math.min(first.total - PAGE, DEEPEST);
  const last = skip > 0 ? await get("deployments", { ...later, skip }) : first;
  return successor(deployment, last.data);
}

function content(deployment, history, { current, previous, next }) {
  const compared = comparePage(previous, deployment);
  const from = pipeline(deployment);
  return [
    el("h1", { tabindex: "-1" }, `${deployment.componentName} ${deployment.version}`, " ", status(deployment.status)),
    el("p", { class: "lead" }, standing(deployment, current), " ", since(deployment, current)),
    el("dl", { class: "facts" },
      fact("Component", component(deployment.componentName)),
      fact("Environment", environment(deployment.environmentName)),
      fact("Version", el("span", { class: "mono" }, deployment.version), " ", copy(deployment.version, "version")),
      fact("Happened", exact(deployment.occurredAt), " (", ago(deployment.occurredAt), " ago)"),
      fact("Recorded", exact(deployment.createdAt)),
      fact("By", deployment.deployedBy),
      deployment.succeededAt && fact("Succeeded", exact(deployment.succeededAt)),
      previous && fact(deployment.succeededAt ? "Replaced" : "Current at that time", version(previous)),
      next && fact("Replaced by", version(next), ` after ${duration(deployment.succeededAt, next.succeededAt)}`),
      deployment.commitSha && fact("Commit", commit(deployment)),
      compared && fact("Commits", away(compared, "compare with the previous version")),
      from && fact("Pipeline", from),
      deployment.description && fact("Description", el("span", { class: "prose" }, deployment.description)),
      fact("Id", el("code", {}, deployment.id), " ", copy(deployment.id, "id")),
    ),
    section("Attempts", table("Attempts", ["Attempt", "Started", "Ended", "Took", "Outcome", "Reason"], attempts(history))),
    section("History", table("History", ["Happened", "Change", "Recorded", "By", "Reason", "Hash"], history.map(row))),
    Object.keys(deployment.metadata).length > 0
      && section("Metadata", el("dl", { class: "facts wide" }, Object.entries(deployment.metadata).flatMap(metadataFacts))),
  ];
}

/** The link to the current deployment and its age. */
function since(deployment, current) {
  if (!current) return null;
  const link = current.id === deployment.id ? null : [version(current), " "];
  return el("span", { class: "since" }, link, "since ", exact(current.succeededAt), ", by ", current.deployedBy);
}

/** The facts of a member of the metadata. An object of simple values has a fact for each of them. */
function metadataFacts([name, value]) {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (entries.length === 0) return [fact(name, metadataValue(value))];
  return entries.map(([key, inner]) => fact(`${name}.${key}`, metadataValue(inner)));
}

/** The attempts, latest first. Each extends from the row that started it to the row that ended it. */
function attempts(history) {
  const numbers = [...new Set(history.map((entry) => entry.attempt))].reverse();
  return numbers.map((number) => {
    const rows = history.filter((entry) => entry.attempt === number && entry.event === "transition");
    const start = rows.find((entry) => entry.to === "in_progress");
    const end = rows.find((entry) => entry.to === "succeeded" || entry.to === "failed");
    const last = rows.at(-1);
    return [
      String(number),
      start ? exact(start.occurredAt) : "–",
      end ? exact(end.occurredAt) : "–",
      start && end ? duration(start.occurredAt, end.occurredAt) : "–",
      last ? status(last.to) : "–",
      last?.reason ?? "–",
    ];
  });
}

function row(entry) {
  const change = entry.event === "undeployed" ? "left the environment" : entry.from ? `${word(entry.from)} → ${word(entry.to)}` : word(entry.to);
  return [exact(entry.occurredAt), change, exact(entry.recordedAt), entry.recordedBy, entry.reason ?? "–", el("code", { class: "hash" }, entry.hash)];
}
