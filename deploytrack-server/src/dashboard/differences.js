// @ts-check
// The differences between two environments, from the rows of the matrix at two moments. This module has no element and sends
// no request.

import { cellIn, isSame, nameKey } from "./text.js";

/** The outcomes in their order, with their words. `from` and `to` are the names of the two sides. */
export const OUTCOMES = [
  ["behind", "↓", (_, to) => `${to} is behind`],
  ["ahead", "↑", (_, to) => `${to} is ahead`],
  ["diverged", "≠", () => "diverged"],
  ["differs", "≠", () => "differs"],
  ["onlyFrom", "", (from) => `only in ${from}`],
  ["onlyTo", "", (_, to) => `only in ${to}`],
  ["same", "=", () => "the same"],
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
  return [...rows.values()].filter((pair) => pair.left || pair.right).map((pair) => ({ ...pair, outcome: outcome(pair, from) }));
}

/** The direction is known only if the server compared the right cell with the left environment. */
function outcome({ left, right }, from) {
  if (!left) return "onlyTo";
  if (!right) return "onlyFrom";
  if (left.version === right.version) return "same";
  const { gap } = right;
  const isDirected = gap && isSame(gap.against, from) && ["behind", "ahead", "diverged"].includes(gap.state);
  return isDirected ? gap.state : "differs";
}

/** The groups of pairs with the same outcome that are not empty. */
export const groups = (pairs) =>
  OUTCOMES.map(([outcome, sign, words]) => ({ outcome, sign, words, list: pairs.filter((pair) => pair.outcome === outcome) })).filter(({ list }) => list.length > 0);

/** What is wrong with the parameters of the address, as sentences. */
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
