// What a list shows of a deployment beside the deployment itself: the one that it replaced, and why it failed.

import { get } from "./api.js";
import { currentIn } from "./parts.js";
import { momentBefore } from "./periods.js";

/** The most simultaneous reads. */
const AT_ONCE = 4;
/** The details do not change unless the deployment does. */
const known = new Map();

/** For each deployment by its id: `previous`, which was current in its cell before, and `reason`. Both may be null. */
export async function details(deployments) {
  const key = ({ id, updatedAt }) => `${id} ${updatedAt}`;
  const missing = deployments.filter((one) => !known.has(key(one)));
  while (missing.length > 0) {
    await Promise.all(missing.splice(0, AT_ONCE).map(async (one) => known.set(key(one), await read(one))));
  }
  return new Map(deployments.map((one) => [one.id, known.get(key(one))]));
}

async function read(deployment) {
  const [found, reason] = await Promise.all([currentIn(deployment, momentBefore(deployment)), reasonOf(deployment)]);
  return { previous: found?.id === deployment.id ? null : found, reason };
}

/** The reason of the last status. Only a deployment that failed or was rolled back is asked for one. */
async function reasonOf({ id, status }) {
  if (status !== "failed" && status !== "rolled_back") return null;
  return lastReason(await get(`deployments/${id}/history`));
}

/** The reason of the last status in a history, or null. */
export const lastReason = (history) => history.findLast(({ event }) => event === "transition")?.reason ?? null;
