// The differences between two environments.

import assert from "node:assert/strict";
import { test } from "node:test";

import { faults, groups, logShare, pairs } from "../../deploytrack-server/src/dashboard/differences.js";

const row = (componentName, environments) => ({ componentName, environments });
const cell = (version, gap) => ({ version, gap });
const outcomes = (list) => list.map(({ component, outcome }) => `${component} ${outcome}`).join();

test("each component has one outcome, and a component in neither environment has none", () => {
  const matrix = [row("a", { staging: cell("v1"), production: cell("v1") }), row("b", { staging: cell("v2"), production: cell("v1") }), row("c", { staging: cell("v1") }), row("d", { production: cell("v1") }), row("e", {})];
  assert.equal(outcomes(pairs(matrix, matrix, "staging", "production")), "a same,b differs,c onlyFrom,d onlyTo");
});

test("a direction is only taken from a gap against the other environment", () => {
  const matrix = (gap) => [row("a", { staging: cell("v2"), production: cell("v1", gap) })];
  const of = (gap) => outcomes(pairs(matrix(gap), matrix(gap), "staging", "production"));
  for (const kind of ["behind", "ahead", "diverged"]) assert.equal(of({ against: "Staging", state: kind }), `a ${kind}`);
  assert.equal(of({ against: "test", state: "behind" }), "a differs");
  assert.equal(of({ against: "staging", state: "unknown" }), "a differs");
  assert.equal(of(undefined), "a differs");
});

test("a gap of the left cell against the right environment is turned", () => {
  const of = (state) => {
    const matrix = [row("a", { production: cell("v1", { against: "staging", state, versions: 3 }), staging: cell("v2") })];
    return pairs(matrix, matrix, "production", "staging")[0];
  };
  assert.deepEqual(["behind", "ahead", "diverged", "unknown"].map((state) => of(state).outcome), ["ahead", "behind", "diverged", "differs"]);
  assert.equal(of("behind").versions, 3);
});

test("a gap is open since the side that is ahead got its version", () => {
  const of = (state) => {
    const matrix = [row("a", { staging: { ...cell("v2"), deployedAt: "left" }, production: { ...cell("v1", { against: "staging", state }), deployedAt: "right" } })];
    return pairs(matrix, matrix, "staging", "production")[0].since;
  };
  assert.deepEqual(["behind", "ahead", "diverged"].map(of), ["left", "right", undefined]);
});

test("the scale of times is logarithmic and ends at half a year", () => {
  const [hour, day] = [3_600_000, 86_400_000];
  assert.equal(logShare(0), 0);
  assert.equal(logShare(-1), 0);
  assert.equal(logShare(400 * day), 1);
  assert.ok(logShare(hour) > 0.05 && logShare(day) > 2 * logShare(hour) && logShare(30 * day) < 1);
});

test("the two sides may be one environment at two moments", () => {
  const [then, now] = [[row("a", { production: cell("v1") })], [row("a", { production: cell("v2") }), row("b", { production: cell("v1") })]];
  assert.equal(outcomes(pairs(then, now, "production", "production")), "a differs,b onlyTo");
});

test("inherited properties of objects are not cells", () => {
  const matrix = [row("a", { staging: cell("v1") })];
  assert.equal(outcomes(pairs(matrix, matrix, "staging", "constructor")), "a onlyFrom");
});

test("groups are in the order of their urgency, without empty ones", () => {
  const list = ["same", "onlyTo", "behind", "same"].map((outcome) => ({ outcome }));
  assert.deepEqual(groups(list).map(({ outcome, list }) => [outcome, list.length]), [["behind", 1], ["onlyTo", 1], ["same", 2]]);
});

test("the longest open gap comes first in its group", () => {
  const list = [["a", "2026-02-01"], ["b", "2026-01-01"], ["c", "2026-03-01"]].map(([component, since]) => ({ component, outcome: "behind", since }));
  assert.equal(groups(list)[0].list.map(({ component }) => component).join(), "b,a,c");
});

test("what is unknown in the address is named", () => {
  assert.deepEqual(faults({ from: "Staging", to: "prod", same: "1" }, ["staging", "prod"]), []);
  assert.deepEqual(faults({ from: "stagin", to: "stagin", fromAt: "yesterday", colour: "red" }, ["staging"]), ["There is no environment stagin.", "yesterday is not a time.", "colour is not a known parameter."]);
});
