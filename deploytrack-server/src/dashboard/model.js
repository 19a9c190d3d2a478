// @ts-check
// The model of the matrix: rows, columns, gaps, filters and order from the responses of the server. This module has no
// element and sends no request.

import { TYPES, shownGap } from "./environments.js";
import { matches } from "./signals.js";
import { isSame, nameKey } from "./text.js";

/** The key of a cell. */
const key = (component, environment) => `${component}\n${environment}`;

/** The matrix by component, and the unsettled deployments by cell. */
export class MatrixModel {
  constructor() {
    this.environments = [];
    this.rows = new Map();
    this.unsettled = new Map();
    this.rolledBack = new Map();
    this.components = new Map();
    this.types = new Map();
    this.then = null;
  }

  /** Replaces everything. */
  reset(environments, matrix, unsettled) {
    this.environments = environments;
    this.types = new Map(environments.map(({ name, type }) => [name, type]));
    this.rows = new Map(matrix.map((row) => [row.componentName, row]));
    this.unsettled = new Map();
    this.#add(unsettled);
  }

  /** Whether a row of this matrix is still shown. */
  shows(matrix) {
    return matrix.some((row) => this.rows.get(row.componentName) === row);
  }

  /** Replaces the rows and the unsettled deployments of some components. A component without a row is removed. */
  update(components, matrix, unsettled) {
    for (const name of components) {
      const row = matrix.find((row) => row.componentName === name);
      if (row) this.rows.set(name, row);
      else this.rows.delete(name);
      for (const environment of this.environments) this.unsettled.delete(key(name, environment.name));
    }
    this.#add(unsettled);
  }

  #add(deployments) {
    for (const deployment of deployments) this.unsettled.set(key(deployment.componentName, deployment.environmentName), deployment);
  }

  /**
   * The environments in which the components whose names contain a text have a current deployment, and those with an unsettled
   * deployment. If no name contains the text, all components count.
   */
  usedEnvironments(text) {
    const needle = text.toLowerCase();
    const all = [...this.rows.values()];
    const named = all.filter((row) => row.componentName.toLowerCase().includes(needle));
    const used = (named.length > 0 ? named : all).flatMap((row) => Object.keys(row.environments));
    return new Set([...used, ...this.unsettledEnvironments()]);
  }

  /** The environments with an unsettled deployment. */
  unsettledEnvironments() {
    return new Set([...this.unsettled.values()].map((deployment) => deployment.environmentName));
  }

  /** Sets the deployments that were rolled back lately. */
  setRolledBack(deployments) {
    this.rolledBack = new Map();
    for (const deployment of deployments.toReversed()) this.rolledBack.set(key(deployment.componentName, deployment.environmentName), deployment);
  }

  /** Sets the owners and kinds of components. */
  setComponents(components) {
    this.components = new Map(components.map((component) => [component.name, component]));
  }

  /** Sets the matrix of another moment, to which the current one is compared. Null compares with nothing. */
  setThen(matrix) {
    this.then = matrix && new Map(matrix.map((row) => [row.componentName, row.environments]));
  }

  /** The row of a component over these columns. */
  row(name, columns) {
    const current = this.rows.get(name).environments;
    const cells = columns.map((environment) => this.#cell(name, environment, own(current, environment)));
    cells.forEach((cell, at) => {
      cell.gap = cell.current && gap(cell, cells.slice(0, at));
      cell.isSame = Boolean(cell.current) && cells[at - 1]?.current?.version === cell.current.version;
    });
    const times = cells.flatMap((cell) => (cell.current ? [Date.parse(cell.current.deployedAt)] : []));
    const { owner = null, kind = null } = this.components.get(name) ?? {};
    return { name, owner, kind, cells, latest: Math.max(...times, 0), drift: cells.filter((cell) => cell.gap).length };
  }

  #cell(name, environment, current) {
    const place = key(name, environment);
    const unsettled = this.unsettled.get(place) ?? null;
    const taken = this.rolledBack.get(place);
    // A deployment after the rollback makes it history.
    const isLast = taken && !unsettled && taken.version !== current?.version && !(Date.parse(current?.deployedAt) > Date.parse(taken.updatedAt));
    const was = this.then && own(this.then.get(name) ?? {}, environment);
    return {
      environment,
      type: this.types.get(environment) ?? "other",
      current,
      unsettled,
      rolledBack: isLast ? taken : null,
      gap: null,
      isSame: false,
      was,
      isChanged: Boolean(this.then) && was?.version !== current?.version,
    };
  }
}

/** Adds the gaps of another answer of the server to the rows of a matrix that have the same deployments in both. */
export function addGaps(matrix, withGaps) {
  const found = new Map(withGaps.map((row) => [row.componentName, row.environments]));
  for (const { componentName, environments } of matrix) {
    const others = found.get(componentName) ?? {};
    const cells = Object.entries(environments).map(([name, cell]) => [cell, own(others, name)]);
    // A gap is also wrong when the cell changed that it is against.
    if (!cells.every(([cell, other]) => cell.deploymentId === other?.deploymentId)) continue;
    for (const [cell, other] of cells) cell.gap = other.gap;
  }
}

/** A property of an object itself, or null. `constructor` may be a name. */
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : null);

/**
 * The gap of a cell: behind, ahead or different, by how many versions, and against which environment. Null if there is none. The
 * server answers it; without its answer, the nearest filled cell to the left with an earlier type is compared.
 */
function gap({ type, current }, before) {
  if (current.gap) return shownGap(current.gap);
  const source = before.findLast((cell) => cell.current && TYPES.includes(cell.type) && TYPES.indexOf(cell.type) < TYPES.indexOf(type));
  if (!source || source.current.version === current.version) return null;
  return { kind: "differs", versions: 0, against: source.environment };
}

/** The most columns if none is chosen. More are unreadable, and each of their cells costs an element. */
export const MOST_COLUMNS = 40;

/**
 * The columns to show: the chosen environments, else those whose names contain the text `envq`. If these are too many, the
 * first of them with a deployment.
 */
export function columns(model, { env, envq, q, f }) {
  const names = model.environments.map((environment) => environment.name);
  const keys = new Set(env.map(nameKey));
  const chosen = keys.size > 0 ? names.filter((name) => keys.has(nameKey(name))) : [];
  if (chosen.length > 0) return chosen;
  const needle = envq.toLowerCase();
  const found = needle ? names.filter((name) => name.toLowerCase().includes(needle)) : names;
  if (found.length <= MOST_COLUMNS) return found;
  const used = ["flight", "failed", "unsettled"].includes(f) ? model.unsettledEnvironments() : model.usedEnvironments(q);
  return found.filter((name) => used.has(name)).slice(0, MOST_COLUMNS);
}

/** All rows over these columns, in the order of their names. */
export const allRows = (model, shown) => [...model.rows.keys()].sort(byName).map((name) => model.row(name, shown));

/** The rows that match the text, in their order. The quick filter `f` is applied by `rows`. */
export function searched(all, { q, owner, kind }) {
  const needle = q.toLowerCase();
  const has = (text) => Boolean(text?.toLowerCase().includes(needle));
  const inDeployment = (deployment) => Boolean(deployment) && [deployment.version, deployment.commitSha, deployment.deployedBy].some(has);
  const isOf = (value, wanted) => !wanted || value === null || isSame(value, wanted);
  return all.filter((row) => isOf(row.owner, owner) && isOf(row.kind, kind) && (!needle || has(row.name) || row.cells.some((cell) => inDeployment(cell.current) || inDeployment(cell.unsettled))));
}

/** The rows that match the filters, in their order. */
export function rows(model, filters, now = Date.now()) {
  const found = searched(allRows(model, columns(model, filters)), filters);
  return ordered(found.filter((row) => matches(row, filters.f, now)), filters);
}

/** Rows in the chosen order. With groups, the rows of a group stay together, and those without a value come last. */
export function ordered(list, { sort, group }) {
  const sorted = [...list].sort(order(sort));
  if (!group) return sorted;
  const last = "\u{10ffff}";
  return sorted.sort((a, b) => (a[group] ?? last).localeCompare(b[group] ?? last));
}

/** Compares names by the characters of their keys, as the server does. */
function byName(a, b) {
  const [left, right] = [[...nameKey(a)], [...nameKey(b)]];
  const at = left.findIndex((character, at) => character !== right[at]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}

/** The comparison for an order. Sorting is stable, so equal rows stay in the order of their names. */
function order(sort) {
  if (sort === "latest") return (a, b) => b.latest - a.latest;
  if (sort === "drift") return (a, b) => b.drift - a.drift;
  if (sort?.startsWith("oldest:")) {
    const environment = sort.slice("oldest:".length);
    const time = (row) => Date.parse(row.cells.find((cell) => isSame(cell.environment, environment))?.current?.deployedAt ?? "9999-01-01");
    return (a, b) => time(a) - time(b);
  }
  return () => 0;
}
