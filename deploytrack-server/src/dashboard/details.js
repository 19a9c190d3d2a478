// The details that a list shows beside a deployment: the one that it replaced, and why it failed.

import { fewAtOnce, get } from "./api.js";
import { currentIn } from "./parts.js";
import { momentBefore } from "./periods.js";

/** The details do not change unless the deployment does. */
const known = new Map();

/** For each deployment by its id: `previous`, which was current in its cell before, and `reason`. Both may be null. */
export async function details(deployments) {
  const key = ({ id, updatedAt }) => `${id} ${updatedAt}`;
  const missing = deployments.filter((one) => !known.has(key(one)));
  await fewAtOnce(missing, async (one) => known.set(key(one), await read(one)));
  return new Map(deployments.map((one) => [one.id, known.get(key(one))]));
}

async function read(deployment) {
  const [previous, reason] = await Promise.all([previousOf(deployment), reasonOf(deployment)]);
  return { previous, reason };
}

/** The deployment that was current in the cell before another one, or null. */
export async function previousOf(deployment) {
  const found = await currentIn(deployment, momentBefore(deployment));
  return found?.id === deployment.id ? null : found;
}

/** The reason of the last status. Only a deployment that failed or was rolled back is asked for one. */
async function reasonOf({ id, status }) {
  if (status !== "failed" && status !== "rolled_back") return null;
  return lastReason(await get(`deployments/${id}/history`));
}

/** The reason of the last status in a history, or null. */
export const lastReason = (history) => history.findLast(({ event }) => event === "transition")?.reason ?? null;
