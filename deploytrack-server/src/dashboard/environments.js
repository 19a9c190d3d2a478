// @ts-check
// The environments in their order: their types, and the pair that is compared first. This module has no element and sends no
// request.

import { nameKey } from "./text.js";

/** The types of environments that follow each other. */
export const TYPES = ["development", "testing", "staging", "production"];

/** A function from the name of an environment to its type. */
export function typesOf(environments) {
  const types = new Map(environments.map(({ name, type }) => [nameKey(name), type]));
  return (name) => types.get(nameKey(name)) ?? null;
}

/** The environments of an earlier type than another one. */
export function earlier(environments, other) {
  const rank = ({ type }) => TYPES.indexOf(type);
  return environments.filter((one) => rank(one) >= 0 && rank(one) < rank(other));
}

/**
 * The names of the two environments that a comparison without parameters shows: the first one for production, or the last one,
 * and before it the last environment of an earlier type.
 */
export function defaultPair(environments) {
  const to = environments.find(({ type }) => type === "production") ?? environments.at(-1);
  const from = earlier(environments, to).at(-1) ?? environments.findLast((one) => one !== to) ?? to;
  return [from?.name, to?.name];
}

/** The gap of a cell as it is shown: its kind, the number of versions and the other environment; or null if there is none. */
export function shownGap({ against, state, versions = 0 }) {
  if (state === "same") return null;
  return { kind: state === "behind" || state === "ahead" ? state : "differs", versions, against };
}
