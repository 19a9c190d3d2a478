// Lists of deployments, one line for each.

import { ago, el, icon, person, status, steppedAge, unseen } from "./elements.js";
import { pipelineOf } from "./forges.js";
import { toDeployment } from "./links.js";
import { countDeployments, table } from "./lists.js";
import { away, commit, component, environment, meter, version } from "./parts.js";
import { byDay } from "./periods.js";
import { dayName, duration, exact, shortVersion } from "./text.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
/** The time that fills the bar of a duration, in milliseconds. */
const LONG = 600_000;
const BAR = 56;

/** The columns by their class: the name, and how a deployment is drawn. */
const COLUMNS = {
  state: ["Status", (one) => status(one.status)],
  time: ["Time", (one, { key }) => el("time", { class: "then", datetime: one[key], title: exact(one[key]) }, CLOCK.format(new Date(one[key])))],
  component: ["Component", (one) => component(one.componentName)],
  environment: ["Environment", (one, { typeOf }) => environment(one.environmentName, typeOf(one.environmentName))],
  change: ["Version", change],
  by: ["Who", (one) => person(one.deployedBy)],
  commit: ["Commit", (one) => commit(one)],
  took: ["Took", took],
  note: ["Note", note],
  when: ["When", (one) => steppedAge(one.occurredAt)],
};
const ALL = ["state", "time", "component", "environment", "change", "by", "commit", "took", "note"];

/**
 * The list with a head for each day. `details` has the previous deployment and the reason of each by its id, `typeOf` the types
 * of the environments, and `key` is the time by which the list is sorted.
 */
export const daily = (deployments, context) =>
  drawn(ALL, byDay(deployments, context.key).map(({ day, list }) => ({ head: [dayName(day, Date.now()), countDeployments(list)], list })), context);

/** The list with some columns. `to` has the address that a row opens, and `chosen` the id of the deployment that is open. */
export const brief = (deployments, columns, context) => drawn([...columns, "change", "by", "took", "when"], [{ list: deployments }], context);

function drawn(names, bodies, context) {
  const row = (one) => ({ isChosen: one.id === context.chosen, cells: names.map((name) => COLUMNS[name][1](one, context)) });
  return table("Deployments, newest first", names.map((name) => [COLUMNS[name][0], name]), bodies.map(({ head, list }) => ({ head, rows: list.map(row) })), names === ALL ? "daily" : "brief");
}

/** The version that was current, and the new one. The new one covers the row as its link. */
function change({ id, version: text }, { details, to = toDeployment }) {
  const previous = details.get(id)?.previous;
  const was = previous && previous.version !== text ? [version(previous, "was"), icon("to", "arrow")] : null;
  return el("span", { class: "inline" }, was, el("a", { class: "row version now", href: to(id), title: text }, shortVersion(text)));
}

/** How long a deployment took, with a bar that ten minutes fill. */
function took({ status, occurredAt, startedAt, finishedAt }) {
  if (status === "in_progress") return el("span", { class: "dim" }, "for ", ago(occurredAt));
  if (!startedAt || !finishedAt) return el("span", { class: "dim" }, "–");
  const share = Math.min(1, (Date.parse(finishedAt) - Date.parse(startedAt)) / LONG);
  return el("span", { class: "inline" }, duration(startedAt, finishedAt), meter(BAR, share));
}

/** The reason of a failure or the description, and the link to the pipeline. */
function note(deployment, { details }) {
  const reason = details.get(deployment.id)?.reason;
  const text = reason ?? deployment.description;
  const run = pipelineOf(deployment);
  return el("span", { class: "inline" },
    text && el("span", { class: `text ${reason && deployment.status === "failed" ? "why" : "dim"}`, title: text }, text),
    run && el("span", { title: run.name }, away(run.address, ...(text ? [icon("out"), unseen("pipeline")] : ["pipeline"]))));
}
