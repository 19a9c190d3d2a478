// A list of deployments, grouped by day.

import { ago, el, status, table } from "./elements.js";
import { toDeployment } from "./links.js";
import { commit, component, environment, pipeline, version } from "./parts.js";
import { byDay, dayName } from "./periods.js";
import { count, duration, exact } from "./text.js";

const COLUMNS = ["Time", "Status", "Component", "Environment", "Version", "By", "Took", "Origin"];
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** The list. `replaced` has the deployments that were current before, by id; `key` is the time by which the list is sorted. */
export const list = (deployments, replaced, key = "occurredAt") =>
  byDay(deployments, key).map(({ day, list }) => {
    const failed = list.filter((one) => one.status === "failed").length;
    return el("section", { class: "day" },
      el("h2", {}, dayName(day), " ", el("small", {}, count(list.length, "deployment"), failed > 0 && `, ${failed} failed`)),
      table(`Deployments of ${dayName(day)}`, COLUMNS, list.map((one) => cells(one, replaced.get(one.id), key))),
    );
  });

function cells(deployment, previous, key) {
  const ended = deployment.startedAt && deployment.finishedAt;
  return [
    el("a", { href: toDeployment(deployment.id) }, el("time", { class: "then", datetime: deployment[key], title: exact(deployment[key]) }, CLOCK.format(new Date(deployment[key])))),
    status(deployment.status),
    component(deployment.componentName),
    environment(deployment.environmentName),
    change(deployment, previous),
    deployment.deployedBy,
    ended ? duration(deployment.startedAt, deployment.finishedAt) : deployment.status === "in_progress" ? el("span", {}, "for ", ago(deployment.occurredAt)) : "–",
    origin(deployment),
  ];
}

/** The version that was current and the new one. */
function change(deployment, previous) {
  const was = previous && previous.version !== deployment.version ? [version(previous, "was"), el("span", { class: "to" }, " → ")] : null;
  return el("span", { class: "change" }, was, version(deployment, "now"));
}

/** The links to the pipeline and the commit of a deployment. */
function origin(deployment) {
  const links = [pipeline(deployment), commit(deployment, 7)].filter(Boolean);
  return links.length > 0 ? el("span", { class: "links" }, links) : "–";
}
