// @ts-check
// The states of a cell that deserve attention, the quick filters made of them, and the figures of the summary. This module has
// no element and sends no request.

import { startOfDay } from "./text.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A failure older than this is shown without colour. */
export const FAILURE_SHOWN = 7 * DAY;

const since = (deployment, now) => now - new Date(deployment.finishedAt ?? deployment.occurredAt).getTime();
const isFailure = (cell) => cell.unsettled?.status === "failed";

/** The deployment is pending or in progress. */
export const isInFlight = (cell) => Boolean(cell.unsettled) && !isFailure(cell);
/** The last attempt failed within a day. */
export const isJustFailed = (cell, now) => isFailure(cell) && since(cell.unsettled, now) < DAY;
/** The last attempt failed within a week. */
const isFailed = (cell, now) => isFailure(cell) && since(cell.unsettled, now) < FAILURE_SHOWN;
/** Production is behind the environment before it. */
const isWaiting = (cell) => cell.type === "production" && cell.gap?.kind === "behind";
/** Production is ahead of the environment before it. */
const isAhead = (cell) => cell.type === "production" && cell.gap?.kind === "ahead";
const needsAttention = (cell, now) => isInFlight(cell) || isFailed(cell, now) || Boolean(cell.rolledBack) || isAhead(cell);

/** The quick filters by their word in the address: a name, and whether a cell makes its row match. */
export const QUICK = {
  attention: ["Needs attention", needsAttention],
  flight: ["In flight", isInFlight],
  failed: ["Failed", isJustFailed],
  unsettled: ["Unsettled", (cell) => Boolean(cell.unsettled)],
  waiting: ["Waiting for production", isWaiting],
  ahead: ["Ahead", isAhead],
  differs: ["Differs", (cell) => Boolean(cell.gap)],
};

/** The filters that are always offered. The others are tiles of the summary. */
export const CHIPS = ["attention", "waiting", "differs"];

/** Whether a row matches a quick filter. The empty filter matches every row. */
export const matches = (row, filter, now) => !filter || row.cells.some((cell) => QUICK[filter][1](cell, now));

/** The number of rows that each chip leaves. */
export const chipCounts = (rows, now) => Object.fromEntries(CHIPS.map((name) => [name, rows.filter((row) => matches(row, name, now)).length]));

/** The cells of a quick filter with their components, the newest first. */
function found(rows, filter, now) {
  const cells = rows.flatMap((row) => row.cells.filter((cell) => QUICK[filter][1](cell, now)).map((cell) => ({ ...cell, component: row.name })));
  const time = ({ unsettled, current }) => new Date((unsettled ?? current).occurredAt ?? current?.deployedAt ?? 0).getTime();
  const components = [...new Set(cells.sort((a, b) => time(b) - time(a)).map((cell) => cell.component))];
  return { cells: cells.length, components };
}

/** The figures of the summary: deployments in flight and failed, components that wait for production and that are ahead. */
export function figures(rows, now) {
  const of = (filter, isCells) => {
    const { cells, components } = found(rows, filter, now);
    return { filter, number: isCells ? cells : components.length, components };
  };
  return [of("flight", true), of("failed", true), of("waiting", false), of("ahead", false)];
}

/** The cells and the components that changed since another moment. */
export function changed(rows) {
  const cells = rows.flatMap((row) => row.cells.filter((cell) => cell.isChanged));
  return {
    cells: cells.length,
    components: rows.filter((row) => row.cells.some((cell) => cell.isChanged)).length,
    production: cells.filter((cell) => cell.type === "production").length,
  };
}

/** The number of deployments on the last of these days, in all and to production, and a bar for each day. */
export function daily(days, production) {
  const bars = days.map(({ succeeded, failed, rolledBack }) => ({ total: succeeded + failed + rolledBack, failed }));
  return { total: days.at(-1).succeeded, production: production.at(-1).succeeded, isMore: false, bars };
}

/**
 * The number of deployments on the day of a moment of the past: in all, and to production. `isMore` if the list, which is the
 * newest part of all, is too short.
 */
export function today(deployments, isWhole, isProduction, now) {
  const start = startOfDay(now);
  const own = deployments.filter(({ occurredAt, status }) => status === "succeeded" && new Date(occurredAt).getTime() >= start);
  const isMore = !isWhole && deployments.every(({ occurredAt }) => new Date(occurredAt).getTime() >= start);
  return { total: own.length, production: own.filter(({ environmentName }) => isProduction(environmentName)).length, isMore };
}
