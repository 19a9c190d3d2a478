// The newest changes beside the matrix.

import { button, el, icon, redraw, sign, steppedAge, tag, unseen, version, who } from "./elements.js";
import { keep, read } from "./kept.js";
import { toDeployment } from "./links.js";
import { byDay } from "./periods.js";
import { IN_FLIGHT, dayName, startOfDay, word } from "./text.js";

const MOST = 40;
const isInFlight = ({ status }) => IN_FLIGHT.includes(status);

/** The rail. It can be folded, and stays so. `setFolded` folds it for as long as something else shows the changes. */
export function create() {
  const feed = el("div", { class: "feed", tabindex: "0", role: "region", "aria-label": "Newest changes" });
  const fold = button("Fold the newest changes", { class: "button bare", click: () => show(element.classList.contains("shut"), true) }, icon("rail"));
  const element = el("aside", { class: "rail", "aria-label": "Newest changes" }, el("header", {}, el("h2", {}, "Newest changes"), fold), feed);

  function show(isOpen, isChoice) {
    element.classList.toggle("shut", !isOpen);
    fold.setAttribute("aria-expanded", String(isOpen));
    if (isChoice) keep("rail", isOpen ? "open" : "shut");
  }

  const restore = () => show(read("rail") !== "shut", false);
  restore();
  return {
    element,
    setFolded: (isFolded) => (isFolded ? show(false, false) : restore()),
    draw(deployments, types, at) {
      const now = at ?? Date.now();
      redraw(feed, [deployments.slice(0, MOST), dayName(now, now), startOfDay(now), at], () => content(deployments.slice(0, MOST), types, at, now));
    },
  };
}

function content(deployments, types, at, now) {
  const running = deployments.filter(isInFlight);
  const days = byDay(deployments.filter((deployment) => !isInFlight(deployment))).map(({ day, list }) => [dayName(day, now), list]);
  const groups = running.length > 0 ? [["Now", running], ...days] : days;
  if (groups.length === 0) return [el("p", { class: "rest" }, "Nothing was deployed yet.")];
  return groups.flatMap(([name, list]) => [el("h3", {}, name), el("ul", {}, list.map((deployment) => item(deployment, types, at)))]);
}

function item({ id, status, componentName, environmentName, version: text, deployedBy, occurredAt }, types, at) {
  return el("li", {}, el("a", { class: status, href: toDeployment(id) },
    sign(status), el("span", { class: "c" }, componentName), steppedAge(occurredAt, at),
    el("span", { class: "l" }, tag(environmentName, types.get(environmentName)), version(text), who(deployedBy, true)), unseen(word(status))));
}
