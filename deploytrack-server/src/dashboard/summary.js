// The summary above the matrix: four figures that filter it, and what was deployed today.

import { el, icon, svg } from "./elements.js";
import { figures } from "./signals.js";

/** The sign, the words, the further words and the text for none of each figure. */
const TILES = {
  flight: ["progress", "in flight", "", "nothing is in flight"],
  failed: ["failed", "failed", " in 24 h", "no failures"],
  waiting: ["behind", "waiting", " for production", "production is up to date"],
  ahead: ["ahead", "ahead", " in production", "production is ahead nowhere"],
};
/** The most components that a tile names. The others would not be visible. */
const MOST_NAMES = 8;

/** Draws the summary of rows. `choose` gets the filter of a tile, or the empty one. */
export function draw(rows, { f }, day, now, choose) {
  const tile = ({ filter, number, components }) => {
    const [sign, text, more, none] = TILES[filter];
    const isOn = f === filter;
    return el("button", { type: "button", class: `tile ${filter} ${number > 0 ? "loud" : ""}`, "aria-pressed": String(isOn), click: () => choose(isOn ? "" : filter) },
      el("span", { class: `n ${number === 0 ? "zero" : ""}` }, String(number)),
      el("span", { class: "t" }, el("b", {}, icon(sign), text, el("span", { class: "more" }, more)), el("span", {}, components.slice(0, MOST_NAMES).join(", ") || none)));
  };
  return [...figures(rows, now).map(tile), dayTile(day)];
}

function dayTile({ total, production, isMore, bars, isPast }) {
  return el("div", { class: "tile today" },
    el("span", { class: `n ${total === 0 ? "zero" : ""}` }, `${total}${isMore ? "+" : ""}`),
    el("span", { class: "t" }, el("b", {}, el("span", { class: "more" }, "deployed "), isPast ? "that day" : "today"), el("span", {}, `${production} to production`)),
    bars && sparkline(bars));
}

/** The deployments of each day as bars. The foot of a bar is what failed. */
function sparkline(bars) {
  const most = Math.max(1, ...bars.map(({ total }) => total));
  const height = (number) => (number / most) * 34;
  const text = bars.map(({ total, failed }) => (failed > 0 ? `${total} (${failed} failed)` : total)).join(", ");
  return svg("svg", { class: "spark", viewBox: "0 0 138 34", preserveAspectRatio: "none", role: "img", "aria-label": `Deployments of the last ${bars.length} days: ${text}` },
    bars.map(({ total, failed }, index) => [
      svg("rect", { x: index * 10, y: 34 - Math.max(1.5, height(total)), width: 7, height: Math.max(1.5, height(total)), rx: 1.5, class: index === bars.length - 1 ? "today" : null }),
      failed > 0 && svg("rect", { x: index * 10, y: 34 - height(failed), width: 7, height: height(failed), class: "bad" }),
    ]));
}
