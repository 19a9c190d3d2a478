// The page of one environment: which versions are in it, and its newest deployments.

import * as address from "./address.js";
import { get } from "./api.js";
import { list } from "./deployments.js";
import { ago, el, notice, redraw, report, table } from "./elements.js";
import { component, section, version } from "./parts.js";
import { replacedBy } from "./replaced.js";
import { cellIn, count, isSame } from "./text.js";

const TAKE = 25;

/** Shows the environment with the name in the address. */
export function show(root, { id: name }) {
  const body = el("div");
  root.replaceChildren(body);

  async function refresh() {
    try {
      const environment = (await get("environments", { name })).data[0];
      if (!environment) return redraw(body, [name], () => [el("h1", { tabindex: "-1" }, name), notice(`There is no environment ${name}.`)]);
      const [matrix, recent] = await Promise.all([
        get("deployments/matrix", { environment: name }),
        get("deployments", { environmentId: environment.id, order: "occurred", take: TAKE }),
      ]);
      const replaced = await replacedBy(recent.data);
      redraw(body, [environment, matrix, recent, [...replaced]], () => content(environment, matrix, recent, replaced));
    } catch (error) {
      report(body, error);
    }
  }

  return { go: refresh, refresh, onEvents: (events) => (events.some(({ deployment }) => !deployment || isSame(deployment.environmentName, name)) ? refresh() : undefined) };
}

function content({ name, type, description, archived }, matrix, recent, replaced) {
  const held = matrix.map((row) => ({ name: row.componentName, cell: cellIn(row.environments, name) })).filter(({ cell }) => cell);
  const rows = held.map((row) => [component(row.name), version(row.cell), el("span", {}, ago(row.cell.deployedAt), " ago"), row.cell.deployedBy]);
  return [
    el("h1", { tabindex: "-1" }, name),
    el("p", { class: "about" }, `Type ${type}`, archived && ", archived", `, ${count(held.length, "component")}`),
    description && el("p", { class: "prose" }, description),
    section("Newest deployments", el("p", { class: "about" }, `${count(recent.total, "deployment")} `, el("a", { href: address.to("changes", { environment: name }) }, "All changes")), list(recent.data, replaced)),
    section("Components", rows.length > 0 ? table(`Components in ${name}`, ["Component", "Version", "Since", "By"], rows) : notice("No deployment is current here.")),
  ];
}
