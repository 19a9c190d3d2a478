// @ts-check
// The model of the matrix: rows, columns, filters, order and totals from the responses of the server. This module has no
// element and sends no request.

import { isSame, nameKey } from "./text.js";

/** The key of a cell. */
const key = (component, environment) => `${component}\n${environment}`;

/** The matrix by component, and the unsettled deployments by cell. */
export class MatrixModel {
  constructor() {
    this.environments = [];
    this.rows = new Map();
    this.unsettled = new Map();
  }

  /** Replaces everything. */
  reset(environments, matrix, unsettled) {
    this.environments = environments;
    this.rows = new Map(matrix.map((row) => [row.componentName, row]));
    this.unsettled = new Map();
    this.#add(unsettled);
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

  /** The row of a component over these columns. */
  row(name, columns) {
    const current = this.rows.get(name).environments;
    const cells = columns.map((environment) => ({
      environment,
      current: Object.hasOwn(current, environment) ? current[environment] : null,
      unsettled: this.unsettled.get(key(name, environment)) ?? null,
      differsFrom: null,
    }));
    markDrift(cells);
    const times = cells.flatMap((cell) => (cell.current ? [Date.parse(cell.current.deployedAt)] : []));
    return { name, cells, latest: Math.max(...times, 0), drift: cells.filter((cell) => cell.differsFrom).length };
  }
}

/** Marks each cell whose version differs from the next non-empty cell to its right. */
function markDrift(cells) {
  let next = null;
  for (const cell of cells.toReversed()) {
    if (!cell.current) continue;
    if (next && next.current.version !== cell.current.version) cell.differsFrom = next.environment;
    next = cell;
  }
}

/** The most columns if none is chosen. More are unreadable, and each of their cells costs an element. */
export const MOST_COLUMNS = 40;

/**
 * The columns to show: the chosen environments, else those whose names contain the text `envq`. If these are too many, the
 * first of them with a deployment.
 */
export function columns(model, { env, envq, q, unsettled }) {
  const names = model.environments.map((environment) => environment.name);
  const keys = new Set(env.map(nameKey));
  const chosen = keys.size > 0 ? names.filter((name) => keys.has(nameKey(name))) : [];
  if (chosen.length > 0) return chosen;
  const needle = envq.toLowerCase();
  const found = needle ? names.filter((name) => name.toLowerCase().includes(needle)) : names;
  if (found.length <= MOST_COLUMNS) return found;
  const used = unsettled ? model.unsettledEnvironments() : model.usedEnvironments(q);
  return found.filter((name) => used.has(name)).slice(0, MOST_COLUMNS);
}

/** The rows that match the filters, in their order. */
export function rows(model, filters) {
  const { q, drift, unsettled, sort } = filters;
  const shown = columns(model, filters);
  const needle = q.toLowerCase();
  const all = [...model.rows.keys()].sort(byName).map((name) => model.row(name, shown));
  const matches = (row) =>
    (!needle || row.name.toLowerCase().includes(needle) || row.cells.some((cell) => cell.current?.version.toLowerCase().includes(needle))) &&
    (!drift || row.drift > 0) &&
    (!unsettled || row.cells.some((cell) => cell.unsettled));
  return all.filter(matches).sort(order(sort));
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

/** The totals of rows. */
export function totals(rows) {
  const cells = rows.flatMap((row) => row.cells);
  const failed = cells.filter((cell) => cell.unsettled?.status === "failed").length;
  return {
    components: rows.length,
    inFlight: cells.filter((cell) => cell.unsettled).length - failed,
    failed,
    drift: cells.filter((cell) => cell.differsFrom).length,
  };
}
