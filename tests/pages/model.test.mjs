// The matrix that the page shows, computed from the answers of the server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { addGaps, columns, MatrixModel, MOST_COLUMNS, rows } from "../../deploytrack-server/src/dashboard/model.js";

/** The filters of the page, with these changes. */
const filters = (changes = {}) => ({ q: "", env: [], envq: "", owner: "", kind: "", f: "", sort: "", group: "", ...changes });
/** The unsettled deployment of a cell. */
const unsettledIn = (cell) => cell.unsettled;

// Node 18 does not have this method; every browser has it since 2023.
Array.prototype.toReversed ??= function () {
  return [...this].reverse();
};

// Node 18 does not have this method either.
Array.prototype.findLast ??= function (wanted) {
  return this.toReversed().find(wanted);
};

const TYPES = ["development", "testing", "staging", "production"];
const environments = (...names) => names.map((name) => ({ name, type: TYPES.find((type) => name.startsWith(type)) ?? "other" }));
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

const gaps = (cells) => cells.map((cell) => cell.gap && `${cell.gap.kind} ${cell.gap.versions} ${cell.gap.against}`);

test("the gap is in the cell that differs from the nearest filled one of an earlier type", () => {
  const [api, web] = rows(example(), filters());
  assert.deepEqual(gaps(api.cells), [null, null, "differs 0 staging"]);
  assert.deepEqual([api.drift, web.drift], [1, 0]);
});

test("environments of one type and of other types are not compared", () => {
  const model = new MatrixModel();
  model.reset(environments("staging", "production-eu", "production-us", "review"), [row("api", { staging: cell("v2"), "production-eu": cell("v2"), "production-us": cell("v1"), review: cell("v9") })], []);
  assert.deepEqual(gaps(rows(model, filters())[0].cells), [null, null, "differs 0 staging", null]);
});

test("the gap that the server answers is taken as it is", () => {
  const answered = (state, versions) => ({ ...cell("v1"), gap: { against: "staging", state, versions } });
  const model = new MatrixModel();
  model.reset(environments("staging", "production-a", "production-b", "production-c", "production-d"), [row("api", { staging: cell("v2"), "production-a": answered("behind", 3), "production-b": answered("ahead", 1), "production-c": answered("diverged", 2), "production-d": answered("same", 0) })], []);
  assert.deepEqual(gaps(rows(model, filters())[0].cells), [null, "behind 3 staging", "ahead 1 staging", "differs 2 staging", null]);
});

test("a cell is joined to its left neighbour with the same version", () => {
  const [api, web] = rows(example(), filters());
  assert.deepEqual(api.cells.map((cell) => cell.isSame), [false, true, false]);
  assert.deepEqual(web.cells.map((cell) => cell.isSame), [false, false, false]);
});

test("a rollback is shown until the next deployment", () => {
  const model = example();
  const taken = { componentName: "api", environmentName: "production", version: "v2", status: "rolled_back", updatedAt: "2025-06-02T12:00:00Z" };
  const shown = () => rows(model, filters())[0].cells[2].rolledBack?.version;
  model.setRolledBack([taken]);
  assert.equal(shown(), "v2");
  model.setRolledBack([{ ...taken, updatedAt: "2025-05-02T12:00:00Z" }]);
  assert.equal(shown(), undefined);
  model.setRolledBack([{ ...taken, version: "v1" }]);
  assert.equal(shown(), undefined, "the version is current again");
});

test("a cell that had another version at another moment has changed", () => {
  const model = example();
  model.setThen([row("api", { development: cell("v2"), staging: cell("v1") })]);
  const [api, web] = rows(model, filters());
  assert.deepEqual(api.cells.map((cell) => [cell.isChanged, cell.was?.version ?? null]), [[false, "v2"], [true, "v1"], [true, null]]);
  assert.deepEqual(web.cells.map((cell) => cell.isChanged), [true, false, true]);
  model.setThen(null);
  assert.ok(rows(model, filters())[0].cells.every((cell) => !cell.isChanged));
});

test("groups stay together, and components without a value come last", () => {
  const model = new MatrixModel();
  model.reset(environments("production"), ["a", "b", "c"].map((name) => row(name, {})), []);
  model.setComponents([{ name: "a", owner: "shop" }, { name: "c", owner: "money" }]);
  assert.deepEqual(names(model, { group: "owner" }), ["c", "a", "b"]);
});

test("an empty cell does not interrupt a gap", () => {
  const model = new MatrixModel();
  model.reset(environments("development", "staging", "production"), [row("api", { development: cell("v2"), production: cell("v1") })], []);
  assert.deepEqual(gaps(rows(model, filters())[0].cells), [null, null, "differs 0 development"]);
});

test("inherited properties of objects are not cells", () => {
  const model = new MatrixModel();
  model.reset(environments("constructor", "toString"), [row("__proto__", { toString: cell("v1") })], []);
  const [{ name, cells }] = rows(model, filters());
  assert.equal(name, "__proto__");
  assert.deepEqual(cells.map((cell) => cell.current?.version ?? null), [null, "v1"]);
});

test("a text selects components by name, version, commit or person", () => {
  const model = example();
  model.update(["api"], [row("api", { staging: { ...cell("v2"), commitSha: "ed52224", deployedBy: "ada" } })], []);
  assert.deepEqual([names(model, { q: "ED5" }), names(model, { q: "ada" })], [["api"], ["api"]]);
  assert.deepEqual(names(example(), { q: "AP" }), ["api"]);
  assert.deepEqual(names(example(), { q: "V7" }), ["web"]);
  assert.deepEqual(names(example(), { q: "nothing" }), []);
});

test("rows are filtered by gaps and by unsettled deployments", () => {
  assert.deepEqual(names(example(), { f: "differs" }), ["api"]);
  assert.deepEqual(names(example(), { f: "unsettled" }), ["web"]);
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
  assert.deepEqual(columns(model, filters({ f: "unsettled" })), ["env-9"]);

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

test("gaps that come later are those of rows whose deployments are still current", () => {
  const model = new MatrixModel();
  const deployed = (deploymentId, version, gap) => ({ ...cell(version), deploymentId, ...(gap && { gap }) });
  const behind = { against: "staging", state: "behind", versions: 2 };
  const bare = [
    row("api", { staging: deployed(1, "v3"), production: deployed(2, "v1") }),
    row("web", { production: deployed(4, "v2") }),
    row("worker", { staging: deployed(6, "v2"), production: deployed(7, "v1") }),
  ];
  model.reset(environments("staging", "production"), bare, []);
  addGaps(bare, [
    row("api", { staging: deployed(1, "v3"), production: deployed(2, "v1", behind) }),
    row("web", { production: deployed(3, "v1", behind) }),
    row("worker", { staging: deployed(5, "v3"), production: deployed(7, "v1", behind) }),
    row("gone", {}),
  ]);
  const gaps = (name) => model.row(name, ["staging", "production"]).cells.map(({ gap }) => gap && [gap.kind, gap.versions]);
  assert.deepEqual(gaps("api"), [null, ["behind", 2]]);
  assert.deepEqual(gaps("web"), [null, null]);
  assert.deepEqual(gaps("worker"), [null, ["differs", 0]]);
  assert.ok(model.shows(bare));
  model.update(["api", "web", "worker"], [], []);
  assert.ok(!model.shows(bare));
});
