// The elements of one cell of the matrix, in one line: sign, version, gap or attempt, person, age.

import { el, icon, sign, steppedAge, unseen, version, who } from "./elements.js";
import { toCell, toDeployment } from "./links.js";
import { DAY, FAILURE_SHOWN } from "./signals.js";
import { age, count, shortVersion, word } from "./text.js";

/** The words for a gap. */
export const gapWords = ({ kind, versions, against }) => {
  if (kind === "behind") return `${count(versions, "version")} behind ${against}`;
  if (kind === "ahead") return `${count(versions, "version")} ahead of ${against}`;
  return `differs from ${against}`;
};

/** The sign of a gap. */
export const gapMark = (gap, kind = "") =>
  el("span", { class: `gapmark ${gap.kind} ${kind}`, title: gapWords(gap) }, icon(gap.kind), gap.kind === "differs" ? null : String(gap.versions), unseen(`, ${gapWords(gap)}`));

/** The attempt that is shown beside the current version: one in flight, a failure, or a version that was rolled back. */
export function attemptOf({ unsettled, rolledBack }, now) {
  const attempt = unsettled ?? rolledBack;
  if (!attempt) return null;
  const kind = { failed: "failed", rolled_back: "rolled" }[attempt.status] ?? "flight";
  return { ...attempt, kind, isOld: kind === "failed" && now - new Date(attempt.occurredAt).getTime() > FAILURE_SHOWN };
}

/** Draws a cell of the row `name`. `at` is the moment of the past that is shown, or null. */
export function drawCell(name, cell, at, isFirstOfProduction) {
  const now = at ?? Date.now();
  const attempt = attemptOf(cell, now);
  const isTried = Boolean(attempt) && !attempt.isOld;
  const isProduction = cell.type === "production";
  const classes = [isProduction && "prod", isFirstOfProduction && "edge", isTried && attempt.kind, cell.isChanged && "changed"].filter(Boolean).join(" ");
  return el("td", { role: "cell", class: classes || null }, line(name, cell, attempt, isTried, at, now));
}

function line(name, cell, attempt, isTried, at, now) {
  const { current, gap, environment } = cell;
  const href = current ? toDeployment(current.deploymentId) : toCell(name, environment);
  const isFresh = current && now - new Date(current.deployedAt).getTime() < DAY;
  const classes = ["cell", attempt?.kind ?? (current ? "ok" : "none"), isFresh && "fresh", cell.isSame && !isTried && "same", attempt?.isOld && "stale", isTried && "hastry"];
  const shown = isTried ? attempt : current ?? attempt;
  return el("div", { class: classes.filter(Boolean).join(" ") },
    attempt ? sign(attempt.status, attempt.status === "in_progress" ? "st spin" : "st") : current && el("span", { class: "st dot" }),
    el("a", { class: "current", href, tabindex: "-1" }, ...versions(cell)),
    isTried && attemptLink(attempt, now),
    !isTried && gap && gapMark(gap),
    attempt?.isOld && unseen(`, failed ${attempt.version}`),
    shown && el("span", { class: `end ${isFresh || isTried ? "fresh" : ""}` },
      !isTried && !(cell.isChanged && cell.was) && shown.deployedBy && who(shown.deployedBy),
      steppedAge(shown.deployedAt ?? shown.occurredAt, at), unseen(at ? " before" : " ago")));
}

/** The current version; after a change, the former one before it. */
function versions({ current, was, isChanged }) {
  if (!isChanged) return [current ? version(current.version) : nothing()];
  return [
    was && el("del", {}, version(was.version, "old")),
    was && icon("to", "arrow"),
    current ? version(current.version, "new") : nothing(),
  ];
}

const nothing = () => el("span", { class: "nothing" }, el("span", { "aria-hidden": "true" }, "–"), unseen("no deployment is current"));

/** The link to the attempt. */
function attemptLink({ id, status, version: text, kind, occurredAt }, now) {
  const words = `${word(status)} ${text}`;
  return el("a", { class: `unsettled status ${status}`, href: toDeployment(id), tabindex: "-1", title: `${words}, ${age(new Date(occurredAt), now)} ago` },
    kind === "flight" && icon("to"), unseen(`${word(status)} `), el("span", { class: "version" }, shortVersion(text)));
}
