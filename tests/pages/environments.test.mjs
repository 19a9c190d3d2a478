// The environments in their order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultPair, earlier, shownGap, typesOf } from "../../deploytrack-server/src/dashboard/environments.js";

const environments = (...list) => list.map(([name, type]) => ({ name, type }));

test("production is compared with the last environment of an earlier type", () => {
  assert.deepEqual(defaultPair(environments(["dev", "development"], ["staging", "staging"], ["eu", "production"], ["us", "production"])), ["staging", "eu"]);
  assert.deepEqual(defaultPair(environments(["eu", "production"], ["test", "testing"], ["demo", "other"])), ["test", "eu"]);
});

test("without an earlier type or without production the last environments are compared", () => {
  assert.deepEqual(defaultPair(environments(["dev", "development"], ["test", "testing"])), ["dev", "test"]);
  assert.deepEqual(defaultPair(environments(["a", "other"], ["b", "other"])), ["a", "b"]);
  assert.deepEqual(defaultPair(environments(["eu", "production"])), ["eu", "eu"]);
  assert.deepEqual(defaultPair([]), [undefined, undefined]);
});

test("an environment has its type in every spelling of its name", () => {
  const typeOf = typesOf(environments(["Prod EU", "production"]));
  assert.equal(typeOf("prod eu"), "production");
  assert.equal(typeOf("constructor"), null);
});

test("a gap without a direction differs, and equal cells have none", () => {
  assert.equal(shownGap({ against: "staging", state: "same" }), null);
  assert.deepEqual(shownGap({ against: "staging", state: "behind", versions: 2 }), { kind: "behind", versions: 2, against: "staging" });
  for (const state of ["diverged", "unknown"]) assert.deepEqual(shownGap({ against: "staging", state }), { kind: "differs", versions: 0, against: "staging" });
});

test("environments of an earlier type are known by their type, not by their place", () => {
  const all = environments(["eu", "production"], ["demo", "other"], ["staging", "staging"], ["dev", "development"]);
  const names = (other) => earlier(all, { type: other }).map(({ name }) => name);
  assert.deepEqual(names("production"), ["staging", "dev"]);
  assert.deepEqual([names("development"), names("other")], [[], []]);
});
