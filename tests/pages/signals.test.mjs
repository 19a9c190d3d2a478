// What deserves attention, and the figures of the summary.

import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, chipCounts, daily, figures, matches, today } from "../../deploytrack-server/src/dashboard/signals.js";

const NOW = new Date(2025, 5, 15, 12).getTime();
const HOUR = 3_600_000;
const ago = (hours) => new Date(NOW - hours * HOUR).toISOString();
const cell = (more) => ({ type: "staging", current: { version: "v1", deployedAt: ago(100) }, unsettled: null, rolledBack: null, gap: null, ...more });
const row = (name, ...cells) => ({ name, cells: cells.map(cell) });
const attempt = (status, hours) => ({ unsettled: { status, version: "v2", occurredAt: ago(hours) } });
const production = (kind) => ({ type: "production", gap: { kind, versions: 1, against: "staging" } });

const ROWS = [
  row("running", attempt("in_progress", 1), attempt("pending", 2)),
  row("failing", attempt("failed", 3)),
  row("failed-once", attempt("failed", 100)),
  row("forgotten", attempt("failed", 1000)),
  row("waiting", production("behind"), production("behind")),
  row("ahead", production("ahead")),
  row("quiet", { gap: { kind: "behind", versions: 1, against: "development" } }),
];
const found = (filter) => ROWS.filter((row) => matches(row, filter, NOW)).map((row) => row.name);

test("attention is for what moves, failed within a week, was rolled back or is ahead in production", () => {
  assert.deepEqual(found("attention"), ["running", "failing", "failed-once", "ahead"]);
  assert.ok(matches(row("x", { rolledBack: { version: "v2" } }), "attention", NOW));
  assert.deepEqual([found("failed"), found("waiting")], [["failing"], ["waiting"]]);
  assert.equal(found("").length, ROWS.length);
});

test("a tile counts what its filter shows, and a chip counts rows", () => {
  assert.deepEqual(figures(ROWS, NOW).map(({ filter, number, components }) => [filter, number, components]), [
    ["flight", 2, ["running"]],
    ["failed", 1, ["failing"]],
    ["waiting", 1, ["waiting"]],
    ["ahead", 1, ["ahead"]],
  ]);
  assert.deepEqual(chipCounts(ROWS, NOW), { attention: 4, waiting: 1, differs: 3 });
});

test("changes are counted by cell, component and production", () => {
  const rows = [row("a", { isChanged: true }, { isChanged: true, type: "production" }), row("b", {})];
  assert.deepEqual(changed(rows), { cells: 2, components: 1, production: 1 });
});

test("a bar is a day, and the last day is today", () => {
  const day = (succeeded, failed, rolledBack) => ({ date: "2026-11-29", succeeded, failed, rolledBack });
  const { total, production, bars } = daily([day(1, 0, 0), day(5, 2, 1)], [day(3, 1, 0)]);
  assert.deepEqual([total, production], [5, 3]);
  assert.deepEqual(bars, [{ total: 1, failed: 0 }, { total: 8, failed: 2 }]);
});

test("what was deployed on a day of the past is counted, and a list that is too short is named", () => {
  const deployments = [{ occurredAt: ago(1), status: "succeeded", environmentName: "prod" }, { occurredAt: ago(2), status: "failed", environmentName: "prod" }, { occurredAt: ago(3), status: "succeeded", environmentName: "test" }];
  assert.deepEqual(today(deployments, true, (name) => name === "prod", NOW), { total: 2, production: 1, isMore: false });
  assert.equal(today(deployments, false, () => false, NOW).isMore, true);
});
