// The deployments that others replaced, as they are asked for.

import { currentIn } from "./parts.js";
import { momentBefore } from "./periods.js";

/** The most simultaneous requests. */
const AT_ONCE = 4;
/** What a deployment replaced does not change unless its status does. */
const found = new Map();

/** For each deployment, the one that was current in its cell before it, by id. Those without one are missing. */
export async function replacedBy(deployments) {
  const key = ({ id, updatedAt }) => `${id} ${updatedAt}`;
  const missing = deployments.filter((one) => !found.has(key(one)));
  while (missing.length > 0) {
    await Promise.all(missing.splice(0, AT_ONCE).map(async (one) => {
      const previous = await currentIn(one, momentBefore(one));
      found.set(key(one), previous?.id === one.id ? null : previous);
    }));
  }
  return new Map(deployments.map((one) => [one.id, found.get(key(one))]).filter(([, previous]) => previous));
}
