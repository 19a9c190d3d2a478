// The matrix as it is to be shown, worked out from what the server gives. No element and no request is in here.

import { isSame, nameKey } from "./text.js";

/** The key of a cell. */
const key = (component, environment) => `${component}\n${environment}`;

/** What the server gave: the matrix by component, and the attempts by cell. */
export class Known {
  constructor() {
    this.environments = [];
    this.rows = new Map();
    this.attempts = new Map();
  }

  /** Takes everything anew. */
  reset(environments, matrix, attempts) {
    this.environments = environments;
    this.rows = new Map(matrix.map((row) => [row.componentName, row]));
    this.attempts = new Map();
    this.#add(attempts);
  }

  /** Takes what is now so of some components: their rows, where they still have one, and their attempts. */
  update(components, matrix, attempts) {
    for (const name of components) {
      const row = matrix.find((row) => row.componentName === name);
      if (row) this.rows.set(name, row);
      else this.rows.delete(name);
      for (const environment of this.environments) this.attempts.delete(key(name, environment.name));
    }
    this.#add(attempts);
  }

  #add(attempts) {
    for (const attempt of attempts) this.attempts.set(key(attempt.componentName, attempt.environmentName), attempt);
  }

  /** The environments where something is current of the components with a text in their names; of all where there are none. */
  used(text) {
    const needle = text.toLowerCase();
    const all = [...this.rows.values()];
    const named = all.filter((row) => row.componentName.toLowerCase().includes(needle));
    const held = (named.length > 0 ? named : all).flatMap((row) => Object.keys(row.environments));
    return new Set([...held, ...this.attempted()]);
  }

  /** The environments where something is on its way or has failed. */
  attempted() {
    return new Set([...this.attempts.values()].map((attempt) => attempt.environmentName));
  }

  /** One row over these columns. */
  row(name, columns) {
    const held = this.rows.get(name).environments;
    const cells = columns.map((environment) => ({
      environment,
      current: Object.hasOwn(held, environment) ? held[environment] : null,
      attempt: this.attempts.get(key(name, environment)) ?? null,
      differsFrom: null,
    }));
    markDrift(cells);
    const times = cells.flatMap((cell) => (cell.current ? [Date.parse(cell.current.deployedAt)] : []));
    return { name, cells, latest: Math.max(...times, 0), drift: cells.filter((cell) => cell.differsFrom).length };
  }
}

/** Marks each cell that differs from the next one to its right that holds something. */
function markDrift(cells) {
  let next = null;
  for (const cell of cells.toReversed()) {
    if (!cell.current) continue;
    if (next && next.current.version !== cell.current.version) cell.differsFrom = next.environment;
    next = cell;
  }
}

/** The most columns where none is chosen: nobody reads more, and each of their cells is an element. */
export const MOST_COLUMNS = 40;

/** The columns that are wanted: those that are chosen, or those with a text in their names. Of too many, the first of those where something is. */
export function columns(known, { env, envq, q, attempts }) {
  const names = known.environments.map((environment) => environment.name);
  const keys = new Set(env.map(nameKey));
  const chosen = keys.size > 0 ? names.filter((name) => keys.has(nameKey(name))) : [];
  if (chosen.length > 0) return chosen;
  const needle = envq.toLowerCase();
  const found = needle ? names.filter((name) => name.toLowerCase().includes(needle)) : names;
  if (found.length <= MOST_COLUMNS) return found;
  const used = attempts ? known.attempted() : known.used(q);
  return found.filter((name) => used.has(name)).slice(0, MOST_COLUMNS);
}

/** The rows that are wanted, in the order that is wanted. */
export function rows(known, wanted) {
  const { q, drift, attempts, sort } = wanted;
  const shown = columns(known, wanted);
  const needle = q.toLowerCase();
  const all = [...known.rows.keys()].sort(byName).map((name) => known.row(name, shown));
  const matches = (row) =>
    (!needle || row.name.toLowerCase().includes(needle) || row.cells.some((cell) => cell.current?.version.toLowerCase().includes(needle))) &&
    (!drift || row.drift > 0) &&
    (!attempts || row.cells.some((cell) => cell.attempt));
  return all.filter(matches).sort(order(sort));
}

/** In the order of their keys, as the server has them. */
function byName(a, b) {
  const [left, right] = [[...nameKey(a)], [...nameKey(b)]];
  const at = left.findIndex((character, at) => character !== right[at]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}

/** Rows of the same rank stay in the order of their names. */
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

/** What the rows come to. */
export function totals(rows) {
  const cells = rows.flatMap((row) => row.cells);
  const failed = cells.filter((cell) => cell.attempt?.status === "failed").length;
  return {
    components: rows.length,
    inFlight: cells.filter((cell) => cell.attempt).length - failed,
    failed,
    drift: cells.filter((cell) => cell.differsFrom).length,
  };
}
