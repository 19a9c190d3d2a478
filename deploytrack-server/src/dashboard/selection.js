// @ts-check
// Which lists of deployments the filters of the changes ask for. This module has no element and sends no request.

import { IN_FLIGHT, isSame } from "./text.js";

/** The quick filters, and the statuses that they show. */
export const QUICK = [["In flight", "in_flight"], ["Failed", "failed"], ["Rolled back", "rolled_back"]];

/** The time by which a list is sorted. */
export const sortKey = ({ order }) => (order === "created" ? "createdAt" : "occurredAt");

/**
 * The parameters of the requests for the filters. The server takes one status and one environment in a request, so that several
 * of them need several requests. `before` is the time where a page of several lists begins.
 */
export function requests({ status, type, before, ...rest }, environments) {
  const statuses = status === "in_flight" ? IN_FLIGHT : [status];
  const ofType = environments.filter((one) => one.type === type && (!rest.environment || isSame(one.name, rest.environment)));
  const names = type ? ofType.map(({ name }) => name) : [rest.environment];
  const until = before && { [sortKey(rest) === "createdAt" ? "createdBefore" : "occurredBefore"]: before };
  return names.flatMap((environment) => statuses.map((status) => ({ ...rest, status, environment, ...until })));
}

/**
 * The newest deployments of several lists: `take` of them, and all that have the time of the last one. `before` is the time where
 * the next page begins, or null.
 */
export function merged(lists, key, take) {
  const time = (one) => Date.parse(one[key]);
  const all = lists.flatMap(({ data }) => data).sort((a, b) => time(b) - time(a));
  const total = lists.reduce((sum, list) => sum + list.total, 0);
  const last = all.slice(0, take).at(-1);
  const data = all.filter((one) => time(one) >= time(last));
  return { data, total, before: data.length < total ? last[key] : null };
}
