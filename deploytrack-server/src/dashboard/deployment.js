// The page of one deployment: its data, its attempts with their times, and its history.

import * as address from "./address.js";
import { get } from "./api.js";
import { ago, commit, el, pipeline, redraw, report, status, table } from "./elements.js";
import { duration, exact, word } from "./text.js";

/** Shows the deployment with the id in the address. */
export function show(root, { id }) {
  const body = el("div");
  root.replaceChildren(body);

  async function refresh() {
    const path = `deployments/${encodeURIComponent(id)}`;
    try {
      const [deployment, history] = await Promise.all([get(path), get(`${path}/history`)]);
      redraw(body, [deployment, history], () => content(deployment, history));
    } catch (error) {
      report(body, error);
    }
  }

  return {
    go: refresh,
    refresh,
    onEvents: (events) => (events.some((event) => event.deployment?.id === id) ? refresh() : undefined),
  };
}

function content(deployment, history) {
  const { componentName: component, environmentName: environment } = deployment;
  return [
    el("h1", { tabindex: "-1" }, `${component} ${deployment.version}`, " ", status(deployment.status)),
    el("dl", { class: "facts" },
      fact("Cell", el("a", { href: address.to("changes", { component, environment }) }, `${component} in ${environment}`)),
      fact("Happened", exact(deployment.occurredAt), " (", ago(deployment.occurredAt), " ago)"),
      fact("Recorded", exact(deployment.createdAt)),
      fact("By", deployment.deployedBy),
      deployment.succeededAt && fact("Succeeded", exact(deployment.succeededAt)),
      deployment.commitSha && fact("Commit", el("code", {}, commit(deployment))),
      deployment.metadata.ci?.runUrl && fact("Pipeline", pipeline(deployment)),
      deployment.description && fact("Description", el("span", { class: "prose" }, deployment.description)),
      fact("Id", el("code", {}, deployment.id)),
    ),
    el("h2", {}, "Attempts"),
    table("Attempts", ["Attempt", "Started", "Ended", "Took", "Outcome", "Reason"], attempts(history)),
    el("h2", {}, "History"),
    table("History", ["Happened", "Change", "Recorded", "By", "Reason", "Hash"], history.map(row)),
    Object.keys(deployment.metadata).length > 0 &&
      el("details", {}, el("summary", {}, "Metadata"), el("pre", { tabindex: "0" }, JSON.stringify(deployment.metadata, null, 2))),
  ];
}

const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));

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
      last?.reason ?? "–",
    ];
  });
}

function row(entry) {
  const change = entry.event === "undeployed" ? "left the environment" : entry.from ? `${word(entry.from)} → ${word(entry.to)}` : word(entry.to);
  return [exact(entry.occurredAt), change, exact(entry.recordedAt), entry.recordedBy, entry.reason ?? "–", el("code", { class: "hash" }, entry.hash)];
}
