// The page of one deployment: what is current in its cell, its facts, its attempts, its history and its metadata.

import { environments } from "./catalog.js";
import { el, person, redraw, report, status } from "./elements.js";
import { typesOf } from "./environments.js";
import { facts, read } from "./facts.js";
import { plainTable } from "./lists.js";
import { component, copy, environment, fact, head, metadata, panel, version } from "./parts.js";
import { standing } from "./periods.js";
import { duration, exact, isSame, shortHash, word } from "./text.js";

/** Shows the deployment with the id in the address. */
export function show(root, { id }) {
  const body = el("div");
  root.replaceChildren(body);
  let cell = null;

  async function refresh() {
    try {
      const found = await read(id);
      cell = found.deployment;
      const types = await environments([cell.environmentName]);
      redraw(body, [found, types], () => content(found, typesOf(types)));
    } catch (error) {
      report(body, error);
    }
  }

  const concerns = ({ deployment }) => deployment?.id === id
    || (cell && deployment?.componentId === cell.componentId && isSame(deployment.environmentName, cell.environmentName));
  return { go: refresh, refresh, onEvents: (events) => (events.some(concerns) ? refresh() : undefined) };
}

function content(found, typeOf) {
  const { deployment, history, current } = found;
  const { id, componentName, environmentName, createdAt, succeededAt } = deployment;
  const place = environment(environmentName, typeOf(environmentName));
  return [
    head([`${componentName} `, el("span", { class: "version" }, deployment.version), " ", status(deployment.status)]),
    el("p", { class: "lead" }, standing(deployment, current), " ", since(deployment, current)),
    el("section", { class: "panel columns" }, el("h2", { class: "unseen" }, "Facts"), facts(found, [
      fact("Component", component(componentName)),
      fact("Environment", place),
      fact("Version", el("span", { class: "mono" }, deployment.version), copy(deployment.version, "version")),
    ], [
      succeededAt && fact("Succeeded", exact(succeededAt)),
      fact("Recorded", exact(createdAt)),
      fact("Id", el("code", {}, id), copy(id, "id")),
    ])),
    panel("Attempts", null, plainTable("Attempts", [["Attempt", "number"], ["Started", "moment"], ["Ended", "moment"], "Took", "Outcome", "Reason"], attempts(history))),
    panel("History", null, plainTable("History", [["Happened", "moment"], "Change", ["Recorded", "moment"], "By", "Reason", ["Hash", "hash"]], history.map(row))),
    Object.keys(deployment.metadata).length > 0 && panel("Metadata", null, metadata(deployment.metadata)),
  ];
}

/** The link to the current deployment and its age. */
function since(deployment, current) {
  if (!current) return null;
  const link = current.id === deployment.id ? null : [version(current), " "];
  return el("span", { class: "since" }, link, "since ", exact(current.succeededAt), ", by ", current.deployedBy);
}

/** The attempts, latest first. Each extends from the row that started it to the row that ended it. */
function attempts(history) {
  const numbers = [...new Set(history.map((entry) => entry.attempt))].reverse();
  return numbers.map((number) => {
    const rows = history.filter((entry) => entry.attempt === number && entry.event === "transition");
    const start = rows.find((entry) => entry.to === "in_progress");
    const end = rows.find((entry) => entry.to === "succeeded" || entry.to === "failed");
    const last = rows.at(-1);
    return [
      String(number),
      start ? exact(start.occurredAt) : "–",
      end ? exact(end.occurredAt) : "–",
      start && end ? duration(start.occurredAt, end.occurredAt) : "–",
      last ? status(last.to) : "–",
      reason(last?.reason, last?.to),
    ];
  });
}

const reason = (text, status) => (text ? el("span", { class: status === "failed" ? "why" : null, title: text }, text) : "–");

function row({ event, from, to, occurredAt, recordedAt, recordedBy, reason: text, hash }) {
  const change = event === "undeployed" ? "left the environment" : from ? `${word(from)} → ${word(to)}` : word(to);
  return [exact(occurredAt), change, exact(recordedAt), person(recordedBy), reason(text, to), el("code", { title: hash }, shortHash(hash))];
}
