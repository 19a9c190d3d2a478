// What was current in a cell and when.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between, byDay, momentBefore, newestOf, periods, standing, successor, versionNumbers } from "../../deploytrack-server/src/dashboard/periods.js";

const at = (hour) => new Date(Date.UTC(2026, 0, 5, hour)).toISOString();
const ok = (version, hour) => ({ id: `${version}@${hour}`, version, status: "succeeded", succeededAt: at(hour), occurredAt: at(hour) });
const back = (version, hour, later) => ({ ...ok(version, hour), status: "rolled_back", occurredAt: at(later) });
const shown = (list) => list.map(({ deployment, start, end }) => `${deployment.version} ${new Date(start).getUTCHours()}-${end ? new Date(end).getUTCHours() : ""}`).join();

test("each success ends the period of the one before", () => {
  assert.equal(shown(periods([ok("v2", 4), ok("v1", 1)])), "v1 1-4,v2 4-");
});

test("a rollback makes the previous version current again", () => {
  assert.equal(shown(periods([ok("v1", 1), back("v2", 4, 6)])), "v1 1-4,v2 4-6,v1 6-");
  assert.equal(shown(periods([ok("v1", 1), back("v2", 4, 6), ok("v3", 5)])), "v1 1-4,v2 4-5,v3 5-");
  assert.equal(shown(periods([back("v2", 4, 6)])), "v2 4-6");
});

test("an attempt without success has no period", () => {
  assert.equal(shown(periods([ok("v1", 1), { ...ok("v2", 3), status: "failed", succeededAt: null }, { ...ok("v3", 4), status: "in_progress" }])), "v1 1-");
});

test("periods are cut to the span that is shown", () => {
  assert.equal(shown(between(periods([ok("v1", 1), ok("v2", 4), ok("v3", 6)]), Date.parse(at(5)), Date.parse(at(8)))), "v2 5-6,v3 6-8");
});

test("the newest version has the number 0", () => {
  assert.deepEqual([...versionNumbers([ok("v2", 4), ok("v1", 1), ok("v1", 5)])], [["v1", 1], ["v2", 0]]);
});

test("the successor is the earliest later success, though it was rolled back", () => {
  const first = ok("v1", 1);
  assert.equal(successor(first, [ok("v3", 7), back("v2", 4, 6), first]).version, "v2");
  assert.equal(successor(first, [first]), null);
});

test("the sentence names what is current", () => {
  const current = ok("v1", 1);
  assert.equal(standing(current, current), "This deployment is current.");
  for (const [status, sentence] of [["failed", "v1 is still current."], ["pending", "v1 is current meanwhile."], ["rolled_back", "v1 is current again."], ["succeeded", "v1 is current now."]]) {
    assert.equal(standing({ id: "x", status }, current), sentence);
  }
  assert.equal(standing({ id: "x", status: "failed" }, null), "Nothing is still current.");
  assert.equal(standing({ id: "x", status: "succeeded" }, null), "The component has left this environment.");
});

test("the moment before a deployment is before its success, though it was rolled back later", () => {
  assert.equal(momentBefore(back("v2", 4, 6)), "2026-01-05T03:59:59.999Z");
  assert.equal(momentBefore({ ...ok("v2", 3), status: "failed", succeededAt: null }), at(3));
});

test("deployments are grouped by day", () => {
  const on = (...date) => ({ occurredAt: new Date(...date).toISOString() });
  const days = byDay([on(2026, 2, 1, 9), on(2026, 2, 1, 0), on(2026, 1, 28, 23), on(2025, 0, 1)]);
  assert.deepEqual(days.map(({ list }) => list.length), [2, 1, 1]);
});

test("the newest deployment of places is unsettled or current", () => {
  const place = (current, attempt = null) => ({ current, attempt });
  assert.equal(newestOf([place(ok("v1", 3)), place(ok("v2", 5)), place(null)]).version, "v2");
  assert.equal(newestOf([place(ok("v1", 3), { version: "v3", occurredAt: at(6) }), place(ok("v2", 5))]).version, "v3");
  assert.equal(newestOf([place(null)]), null);
});
