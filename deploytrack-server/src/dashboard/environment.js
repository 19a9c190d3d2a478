// The page of one environment: its newest deployments, and which versions are in it.

import * as address from "./address.js";
import { get } from "./api.js";
import { environments } from "./catalog.js";
import { gapMark } from "./cell.js";
import { brief } from "./deployments.js";
import { details } from "./details.js";
import { el, notice, person, redraw, report, stage, steppedAge } from "./elements.js";
import { earlier, shownGap } from "./environments.js";
import { table } from "./lists.js";
import { component, head, panel, version } from "./parts.js";
import { cellIn, count, isSame } from "./text.js";

const TAKE = 25;
const COLUMNS = [["Component", "component"], ["Version", "change"], ["Who", "by"], ["Since", "when"]];
/** The most earlier environments with which the cells are compared. */
const MOST_EARLIER = 20;

/** Shows the environment with the name in the address. */
export function show(root, { id: name }) {
  const body = el("div");
  root.replaceChildren(body);

  async function refresh() {
    try {
      const environment = (await get("environments", { name })).data[0];
      if (!environment) return redraw(body, [name], () => [head(name), notice(`There is no environment ${name}.`)]);
      const [matrix, recent] = await Promise.all([
        cells(environment),
        get("deployments", { environmentId: environment.id, order: "occurred", take: TAKE }),
      ]);
      const known = await details(recent.data);
      redraw(body, [environment, matrix, recent, [...known]], () => content(environment, matrix, recent, known));
    } catch (error) {
      report(body, error);
    }
  }

  return { go: refresh, refresh, onEvents: (events) => (events.some(({ deployment }) => !deployment || isSame(deployment.environmentName, name)) ? refresh() : undefined) };
}

/** The cells of the environment. The server compares only the cells of its answer, so a gap needs those of earlier environments. */
async function cells(environment) {
  const others = (await environments()).filter((one) => !one.archived);
  const names = earlier(others, environment).slice(-MOST_EARLIER).map((one) => one.name);
  return get("deployments/matrix", { environment: [...names, environment.name], gaps: "true" });
}

function content({ name, type, description, archived }, matrix, recent, known) {
  const held = matrix.map((row) => ({ name: row.componentName, cell: cellIn(row.environments, name) })).filter(({ cell }) => cell);
  const rows = held.map(({ name, cell }) => ({ cells: [component(name), heldVersion(cell, type), person(cell.deployedBy), steppedAge(cell.deployedAt)] }));
  return [
    head([stage(type), name], el("span", { class: "sub" }, `Type ${type}`, archived && ", archived", `, ${count(held.length, "component")}`),
      el("a", { class: "button push", href: address.to("changes", { environment: name }) }, "All changes")),
    description && el("p", { class: "prose" }, description),
    el("div", { class: "cols" },
      panel("Newest deployments", count(recent.total, "deployment"), brief(recent.data, ["state", "component"], { details: known })),
      panel("Components", null, rows.length > 0 ? table(`Components in ${name}`, COLUMNS, [{ rows }], "brief") : notice("No deployment is current here."))),
  ];
}

/** A version with its gap, which is louder in production. */
function heldVersion(cell, type) {
  const gap = cell.gap && shownGap(cell.gap);
  return el("span", { class: `inline ${type === "production" ? "prod" : ""}` }, version(cell), gap && gapMark(gap));
}
