// The requests of the page of the matrix.

import { all, get } from "./api.js";
import * as filters from "./filters.js";
import { addGaps } from "./model.js";
import { FAILURE_SHOWN } from "./signals.js";
import { utcOffset } from "./text.js";

/** The newest deployments that are read: one page of the list. */
const NEWEST = 100;
/** How long the page waits for the gaps before it shows the matrix without them, in milliseconds. */
const PATIENCE = 400;

const queryOf = (state, more = {}) => ({ ...filters.toQuery(state), gaps: "true", ...more });

/** The environments, the matrix and the unsettled deployments. If the gaps take long, `onGaps` is called when the matrix has got them. */
export function everything(state, onGaps) {
  const at = state.at?.toISOString();
  return Promise.all([
    all("environments", state.archived || at ? {} : { archived: "false" }),
    matrix(state, at, onGaps),
    at ? [] : get("deployments/unsettled", filters.toQuery(state)),
  ]);
}

/** The matrix with gaps. They take the server long when thousands of cells changed: then the matrix comes without them first. */
async function matrix(state, at, onGaps) {
  const whole = get("deployments/matrix", queryOf(state, { at }));
  const isSlow = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  const first = await Promise.race([whole, isSlow]);
  if (first) return first;
  const bare = await get("deployments/matrix", queryOf(state, { at, gaps: null }));
  whole.then((gaps) => {
    addGaps(bare, gaps);
    onGaps(bare);
  }, () => {});
  return bare;
}

/** The matrix and the unsettled deployments of a few components. */
export const some = (state, component) =>
  Promise.all([get("deployments/matrix", queryOf(state, { component })), get("deployments/unsettled", { ...filters.toQuery(state), component })]);

/** The matrix at another moment, to compare with. */
export const earlier = (state, moment) => get("deployments/matrix", { ...filters.toQuery(state), at: moment.toISOString() });

/** The newest deployments before the shown moment, whether these are all, and those that were rolled back lately. */
export async function newest(at) {
  const occurredBefore = at?.toISOString();
  const occurredAfter = new Date(Date.now() - FAILURE_SHOWN).toISOString();
  const [list, rolledBack, days] = await Promise.all([
    get("deployments", { order: "occurred", take: NEWEST, occurredBefore }),
    at ? { data: [] } : get("deployments", { order: "occurred", take: NEWEST, status: "rolled_back", occurredAfter }),
    at ? null : daily(),
  ]);
  return { deployments: list.data, isWhole: list.total <= list.data.length, rolledBack: rolledBack.data, days };
}

/** The deployments of each of the last days, of all environments and of production, in the time zone of the browser. */
function daily() {
  const zone = { utcOffset: utcOffset(-new Date().getTimezoneOffset()) };
  return Promise.all([get("deployments/daily", zone), get("deployments/daily", { ...zone, days: "1", type: "production" })]);
}

/** Owners and kinds. */
export const components = () => all("components");

/** Whether a component is archived. */
export const hasArchived = async () => (await get("components", { archived: "true", take: 1 })).total > 0;
