// @ts-check
// The differences between two environments, from the rows of the matrix at two moments. This module has no element and sends
// no request.

import { cellIn, isSame, nameKey } from "./text.js";

const HOUR = 3_600_000;
/** The time that fills the bar of a gap. */
const LONGEST = 26 * 7 * 24;
/** The direction of a gap from the other side. */
const TURNED = { behind: "ahead", ahead: "behind" };

/** The outcomes in their order, with their sign and words. `from` and `to` are the names of the two sides. */
const OUTCOMES = [
  ["behind", "behind", (_, to) => `${to} is behind`],
  ["ahead", "ahead", (_, to) => `${to} is ahead`],
  ["diverged", "differs", () => "diverged"],
  ["differs", "differs", () => "differs"],
  ["onlyFrom", "differs", (from) => `only in ${from}`],
  ["onlyTo", "differs", (_, to) => `only in ${to}`],
  ["same", "same", () => "the same"],
];

/**
 * The pairs of cells of each component, in the order of the rows. `from` and `to` are the names of the environments, `left` and
 * `right` the rows of the matrix at the moment of each side.
 */
export function pairs(left, right, from, to) {
  const rows = new Map();
  const add = (side, environment, list) => {
    for (const { componentName: component, environments } of list) {
      const key = nameKey(component);
      rows.set(key, { component, left: null, right: null, ...rows.get(key), [side]: cellIn(environments, environment) });
    }
  };
  add("left", from, left);
  add("right", to, right);
  return [...rows.values()].filter((pair) => pair.left || pair.right).map((pair) => ({ ...pair, ...difference(pair, from, to) }));
}

/** The outcome of a pair, the number of versions between its sides, and the time when the side that is ahead got its version. */
function difference({ left, right }, from, to) {
  if (!left) return { outcome: "onlyTo" };
  if (!right) return { outcome: "onlyFrom" };
  if (left.version === right.version) return { outcome: "same" };
  const gap = gapBetween(left, right, from, to);
  switch (gap?.state) {
    case "behind": return { outcome: "behind", versions: gap.versions, since: left.deployedAt };
    case "ahead": return { outcome: "ahead", versions: gap.versions, since: right.deployedAt };
    case "diverged": return { outcome: "diverged" };
    default: return { outcome: "differs" };
  }
}

/** The direction is known only if the server compared one side with the other. */
function gapBetween(left, right, from, to) {
  if (right.gap && isSame(right.gap.against, from)) return right.gap;
  if (left.gap && isSame(left.gap.against, to)) return { ...left.gap, state: TURNED[left.gap.state] ?? left.gap.state };
  return null;
}

/** The groups of pairs with the same outcome that are not empty. The longest open gap comes first. */
export function groups(pairs) {
  const opened = ({ since }) => (since ? Date.parse(since) : 0);
  return OUTCOMES.map(([outcome, sign, words]) => ({ outcome, sign, words, list: pairs.filter((pair) => pair.outcome === outcome).sort((a, b) => opened(a) - opened(b)) }))
    .filter(({ list }) => list.length > 0);
}

/** The part of a bar for a time, in milliseconds. The scale is logarithmic; half a year fills the bar. */
export const logShare = (milliseconds) => Math.min(1, Math.log2(1 + Math.max(0, milliseconds) / HOUR) / Math.log2(1 + LONGEST));

/** The faults of the parameters of the address, as sentences. */
export function faults({ from, to, fromAt, toAt, ...rest }, environments) {
  const unknown = [from, to].filter((name) => name && !environments.some((other) => isSame(other, name)));
  const times = [fromAt, toAt].filter((at) => at && Number.isNaN(Date.parse(at)));
  const others = Object.keys(rest).filter((name) => name !== "same");
  return [
    ...[...new Set(unknown)].map((name) => `There is no environment ${name}.`),
    ...times.map((at) => `${at} is not a time.`),
    ...others.map((name) => `${name} is not a known parameter.`),
  ];
}
