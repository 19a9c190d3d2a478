// The matrix that the page shows, computed from the answers of the server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { columns, MatrixModel, MOST_COLUMNS, rows, totals } from "../../deploytrack-server/src/dashboard/model.js";

/** The filters of the page, with these changes. */
const filters = (changes = {}) => ({ q: "", env: [], envq: "", drift: false, unsettled: false, sort: "", ...changes });
/** The unsettled deployment of a cell. */
const unsettledIn = (cell) => cell.unsettled;

// Node 18 does not have this method; every browser has it since 2023.
Array.prototype.toReversed ??= function () {
  return [...this].reverse();
};

const environments = (...names) => names.map((name) => ({ name }));
const cell = (version, deployedAt = "2025-06-01T12:00:00Z") => ({ version, deployedAt });
const row = (componentName, cells) => ({ componentName, environments: cells });
const unsettled = (componentName, environmentName, status) => ({ componentName, environmentName, status });

/** `api` and `web` in three environments: `api` differs in production, and `web` has a failed and a running deployment. */
function example() {
  const model = new MatrixModel();
  model.reset(
    environments("development", "staging", "production"),
    [
      row("web", { development: cell("v7", "2025-06-03T12:00:00Z"), production: cell("v7") }),
      row("api", { development: cell("v2", "2025-06-02T12:00:00Z"), staging: cell("v2", "2025-05-01T12:00:00Z"), production: cell("v1") }),
    ],
    [unsettled("web", "staging", "failed"), unsettled("web", "production", "in_progress")],
  );
  return model;
}

const names = (model, changes) => rows(model, filters(changes)).map((row) => row.name);
const many = (number) => environments(...Array.from({ length: number }, (_, index) => `env-${index}`));

test("rows are ordered by name, with a cell for every column", () => {
  const shown = rows(example(), filters());
  assert.deepEqual(shown.map((row) => row.name), ["api", "web"]);
  assert.deepEqual(shown[1].cells.map((cell) => [cell.environment, cell.current?.version ?? null, unsettledIn(cell)?.status ?? null]), [
    ["development", "v7", null],
    ["staging", null, "failed"],
    ["production", "v7", "in_progress"],
  ]);
});

test("names are ordered by code points of their keys, as on the server", () => {
  const model = new MatrixModel();
  model.reset(environments("production"), ["b", "A", "a-b", "ab", "\u{1f600}", "\uffee"].map((name) => row(name, {})), []);
  assert.deepEqual(names(model), ["A", "a-b", "ab", "b", "\uffee", "\u{1f600}"]);
});

test("a cell differs from the next filled cell to its right", () => {
  const [api, web] = rows(example(), filters());
  assert.deepEqual(api.cells.map((cell) => cell.differsFrom), [null, "production", null]);
  assert.deepEqual([api.drift, web.drift], [1, 0]);
});

test("an empty cell does not interrupt drift", () => {
  const model = new MatrixModel();
  model.reset(environments("a", "b", "c"), [row("api", { a: cell("v2"), c: cell("v1") })], []);
  assert.deepEqual(rows(model, filters())[0].cells.map((cell) => cell.differsFrom), ["c", null, null]);
});

test("inherited properties of objects are not cells", () => {
  const model = new MatrixModel();
  model.reset(environments("constructor", "toString"), [row("__proto__", { toString: cell("v1") })], []);
  const [{ name, cells }] = rows(model, filters());
  assert.equal(name, "__proto__");
  assert.deepEqual(cells.map((cell) => cell.current?.version ?? null), [null, "v1"]);
});

test("a text selects components by name or by version", () => {
  assert.deepEqual(names(example(), { q: "AP" }), ["api"]);
  assert.deepEqual(names(example(), { q: "V7" }), ["web"]);
  assert.deepEqual(names(example(), { q: "nothing" }), []);
});

test("rows are filtered by drift and by unsettled deployments", () => {
  assert.deepEqual(names(example(), { drift: true }), ["api"]);
  assert.deepEqual(names(example(), { unsettled: true }), ["web"]);
});

test("rows are ordered by the latest success, by drift or by the oldest deployment of an environment", () => {
  assert.deepEqual(names(example(), { sort: "latest" }), ["web", "api"]);
  assert.deepEqual(names(example(), { sort: "drift" }), ["api", "web"]);
  // A row without a deployment in the environment comes last.
  assert.deepEqual(names(example(), { sort: "oldest:STAGING" }), ["api", "web"]);
  assert.deepEqual(names(example(), { sort: "oldest:development" }), ["api", "web"]);
});

test("chosen columns are found by any form of their name, in the order of the environments", () => {
  assert.deepEqual(columns(example(), filters({ env: ["PRODUCTION", "development"] })), ["development", "production"]);
  // Unknown names only: as if none was chosen.
  assert.deepEqual(columns(example(), filters({ env: ["unknown"] })), ["development", "staging", "production"]);
  assert.deepEqual(columns(example(), filters({ envq: "PROD" })), ["production"]);
});

test("too many columns are reduced to the used ones, up to the limit", () => {
  const model = new MatrixModel();
  model.reset(many(200), [row("api", { "env-7": cell("v1"), "env-150": cell("v1") }), row("web", { "env-8": cell("v1") })], [unsettled("web", "env-9", "failed")]);
  assert.deepEqual(columns(model, filters()), ["env-7", "env-8", "env-9", "env-150"]);
  assert.deepEqual(columns(model, filters({ q: "api" })), ["env-7", "env-9", "env-150"]);
  assert.deepEqual(columns(model, filters({ unsettled: true })), ["env-9"]);

  const all = Object.fromEntries(many(200).map(({ name }) => [name, cell("v1")]));
  model.reset(many(200), [row("api", all)], []);
  assert.equal(columns(model, filters()).length, MOST_COLUMNS);
  model.reset(many(MOST_COLUMNS), [row("api", {})], []);
  assert.equal(columns(model, filters()).length, MOST_COLUMNS);
});

test("an update replaces the rows and the unsettled deployments of its components", () => {
  const model = example();
  model.update(["web"], [row("web", { production: cell("v8") })], []);
  const web = rows(model, filters()).find((row) => row.name === "web");
  assert.deepEqual(web.cells.map((cell) => cell.current?.version ?? null), [null, null, "v8"]);
  assert.ok(web.cells.every((cell) => !unsettledIn(cell)));
  model.update(["web"], [], []);
  assert.deepEqual(names(model), ["api"]);
});

test("totals count components, running and failed deployments, and drift", () => {
  assert.deepEqual(totals(rows(example(), filters())), { components: 2, inFlight: 1, failed: 1, drift: 1 });
});
