// The moment since which changes are shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isMoment, momentOf } from "../../deploytrack-server/src/dashboard/since.js";

const NOW = Date.UTC(2025, 5, 15, 12);
const time = (text, lastVisit = null) => momentOf(text, NOW, lastVisit).toISOString();

test("a word or a time is a moment", () => {
  assert.equal(time("hour"), "2025-06-15T11:00:00.000Z");
  assert.equal(time("yesterday"), "2025-06-14T12:00:00.000Z");
  assert.equal(time("week"), "2025-06-08T12:00:00.000Z");
  assert.equal(time("2025-06-01T00:00:00Z"), "2025-06-01T00:00:00.000Z");
  assert.deepEqual(["yesterday", "visit", "2025-06-01", "soon", "constructor"].map(isMoment), [true, true, true, false, false]);
});

test("without a former visit, the last visit is yesterday", () => {
  assert.equal(time("visit"), time("yesterday"));
  assert.equal(time("visit", new Date("2025-06-10T00:00:00Z")), "2025-06-10T00:00:00.000Z");
});
