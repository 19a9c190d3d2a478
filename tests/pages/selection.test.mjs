// Which lists of deployments the filters of the changes ask for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { merged, requests, sortKey } from "../../deploytrack-server/src/dashboard/selection.js";

const ENVIRONMENTS = [{ name: "staging", type: "staging" }, { name: "eu", type: "production" }, { name: "us", type: "production" }];
const asked = (filters) => requests(filters, ENVIRONMENTS).map(({ status, environment }) => `${status ?? "any"} ${environment ?? "all"}`);

test("one status and one environment are one request", () => {
  assert.deepEqual(asked({}), ["any all"]);
  assert.deepEqual(asked({ status: "failed", environment: "eu" }), ["failed eu"]);
  assert.deepEqual(requests({ colour: "red" }, []).map(({ colour }) => colour), ["red"], "the server names what it does not know");
});

test("what is in flight and what is for production need several requests", () => {
  assert.deepEqual(asked({ status: "in_flight" }), ["pending all", "in_progress all"]);
  assert.deepEqual(asked({ type: "production" }), ["any eu", "any us"]);
  assert.deepEqual(asked({ type: "production", status: "in_flight", environment: "EU" }), ["pending eu", "in_progress eu"]);
  assert.deepEqual(asked({ type: "production", environment: "staging" }), []);
});

test("a page of several lists begins at a time of their order", () => {
  assert.equal(requests({ before: "t" }, [])[0].occurredBefore, "t");
  assert.equal(requests({ before: "t", order: "created" }, [])[0].createdBefore, "t");
  assert.deepEqual(["created", undefined].map((order) => sortKey({ order })), ["createdAt", "occurredAt"]);
});

test("several lists are one, newest first, and deployments of one moment are not parted", () => {
  const list = (total, ...times) => ({ total, data: times.map((occurredAt) => ({ occurredAt })) });
  const days = (found) => found.data.map(({ occurredAt }) => occurredAt).join();
  const found = merged([list(2, "2026-01-05", "2026-01-03"), list(3, "2026-01-04", "2026-01-03", "2026-01-01")], "occurredAt", 3);
  assert.equal(days(found), "2026-01-05,2026-01-04,2026-01-03,2026-01-03");
  assert.deepEqual([found.total, found.before], [5, "2026-01-03"]);
  assert.equal(merged([list(1, "2026-01-01"), list(0)], "occurredAt", 3).before, null);
  assert.deepEqual(merged([], "occurredAt", 3), { data: [], total: 0, before: null });
});
