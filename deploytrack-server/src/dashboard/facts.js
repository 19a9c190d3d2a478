// The facts of one deployment, as its own page and the page of its component show them.

import { get } from "./api.js";
import { lastReason, previousOf } from "./details.js";
import { ago, el, person } from "./elements.js";
import { comparePage } from "./forges.js";
import { away, commit, copy, currentIn, fact, pipeline, version } from "./parts.js";
import { successor } from "./periods.js";
import { duration, exact } from "./text.js";

/** The most deployments of a page of a list, and the highest `skip`. */
const PAGE = 100;
const DEEPEST = 10_000;

/** Reads a deployment and its history, what is current in its cell now, what was current before it, and what replaced it. */
export async function read(id) {
  const path = `deployments/${encodeURIComponent(id)}`;
  const [deployment, history] = await Promise.all([get(path), get(`${path}/history`)]);
  const [current, previous, next] = await Promise.all([
    currentIn(deployment),
    previousOf(deployment),
    deployment.status === "succeeded" ? replacement(deployment) : null,
  ]);
  return { deployment, history, current, previous, next };
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

/** The list of the facts, with further ones before and after them. */
export function facts({ deployment, history, previous, next }, first = [], last = []) {
  const reason = lastReason(history);
  return el("dl", { class: "facts" },
    first,
    reason && fact("Reason", el("span", { class: `prose ${deployment.status === "failed" ? "why" : ""}` }, reason)),
    fact("Happened", exact(deployment.occurredAt), el("span", { class: "dim" }, ago(deployment.occurredAt), " ago")),
    fact("By", person(deployment.deployedBy)),
    deployment.origin && fact("Origin", origin(deployment.origin)),
    took(deployment),
    deployment.commitSha && fact("Commit", commit(deployment), copy(deployment.commitSha, "commit")),
    previous && fact(deployment.succeededAt ? "Replaced" : "Current at that time", version(previous), compared(previous, deployment)),
    next && fact("Replaced by", version(next), ` after ${duration(deployment.succeededAt, next.succeededAt)}`),
    pipeline(deployment) && fact("Pipeline", pipeline(deployment)),
    deployment.description && fact("Description", el("span", { class: "prose" }, deployment.description)),
    last,
  );
}

/** The job that recorded the deployment, as the issuer of its identity token vouches for it. */
function origin({ issuer, rule, repository, runId, runUrl, actor }) {
  const run = runId && (runUrl?.startsWith("https://") ? away(runUrl, `run ${runId}`) : `run ${runId}`);
  return el("span", { title: `proved by ${issuer}, rule ${rule}` }, repository ?? issuer, run && ", ", run, actor && ` of ${actor}`);
}

function took({ startedAt, finishedAt, attempt }) {
  const tries = attempt > 1 && el("span", { class: "dim" }, `attempt ${attempt}`);
  return startedAt && finishedAt ? fact("Took", duration(startedAt, finishedAt), tries) : tries && fact("Attempt", String(attempt));
}

function compared(previous, deployment) {
  const page = comparePage(previous, deployment);
  return page && away(page, "compare commits");
}
