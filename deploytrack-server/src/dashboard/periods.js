// @ts-check
// The periods of a cell, in which one deployment each was current, from the deployments of that cell. This module has no
// element and sends no request.

import { startOfDay } from "./text.js";

const time = (text) => Date.parse(text);
/** Whether a deployment was current once. */
const succeeded = (deployment) => Boolean(deployment.succeededAt) && (deployment.status === "succeeded" || deployment.status === "rolled_back");

/**
 * The periods of one cell, the earliest first: the deployment, its start, and its end, which is null for the current one. A
 * rollback makes the previous deployment current again.
 */
export function periods(deployments) {
  const starts = deployments.filter(succeeded).map((deployment) => ({ deployment, at: time(deployment.succeededAt), isStart: true }));
  const ends = deployments.filter((one) => succeeded(one) && one.status === "rolled_back").map((deployment) => ({ deployment, at: time(deployment.occurredAt), isStart: false }));
  const found = [];
  let live = [];
  for (const { deployment, at, isStart } of [...starts, ...ends].sort((a, b) => a.at - b.at)) {
    live = isStart ? [...live, deployment] : live.filter((one) => one !== deployment);
    const last = found.at(-1);
    const current = live.at(-1) ?? null;
    if (current === (last?.end === null ? last.deployment : null)) continue;
    if (last?.end === null) last.end = at;
    if (current) found.push({ deployment: current, start: at, end: null });
  }
  return found;
}

/** The part of periods between two times, in milliseconds. An open period extends to `to`. */
export const between = (periods, from, to) =>
  periods
    .map((period) => ({ ...period, start: Math.max(period.start, from), end: Math.min(period.end ?? to, to) }))
    .filter((period) => period.end > period.start);

/** The number of each version, the newest has 0, by its first success. */
export function versionNumbers(deployments) {
  const first = new Map();
  for (const one of deployments.filter(succeeded).sort((a, b) => time(a.succeededAt) - time(b.succeededAt))) {
    if (!first.has(one.version)) first.set(one.version, first.size);
  }
  return new Map([...first].map(([version, number]) => [version, first.size - 1 - number]));
}

/** The deployment that replaced another one: the earliest later success among those of its cell, or null. */
export function successor(deployment, others) {
  const later = others.filter((one) => one.id !== deployment.id && succeeded(one) && time(one.succeededAt) >= time(deployment.succeededAt));
  return later.sort((a, b) => time(a.succeededAt) - time(b.succeededAt))[0] ?? null;
}

/** The newest deployment that is unsettled or current in one of the places, or null. */
export const newestOf = (places) =>
  places.flatMap(({ current, attempt }) => [attempt, current]).filter(Boolean).sort((a, b) => time(b.occurredAt) - time(a.occurredAt))[0] ?? null;

/** The sentence that says what is current in the cell of a deployment. */
export function standing({ id, status }, current) {
  if (current?.id === id) return "This deployment is current.";
  const now = current ? current.version : "Nothing";
  switch (status) {
    case "pending":
    case "in_progress": return `${now} is current meanwhile.`;
    case "failed": return `${now} is still current.`;
    case "rolled_back": return `${now} is current again.`;
    default: return current ? `${now} is current now.` : "The component has left this environment.";
  }
}

/** The moment before a deployment became current, or the moment of its latest status if it never did. */
export function momentBefore(deployment) {
  const at = succeeded(deployment) ? time(deployment.succeededAt) - 1 : time(deployment.occurredAt);
  return new Date(at).toISOString();
}

/** Deployments by the day of a time, in their order: the start of the day in this zone, and its deployments. */
export function byDay(deployments, key = "occurredAt") {
  const days = new Map();
  for (const one of deployments) {
    const day = startOfDay(one[key]);
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return [...days].map(([day, list]) => ({ day, list }));
}
