// The drawing of what was current when: a lane for each environment, a colour for each version.

import { SIGNS, svg } from "./elements.js";
import { toDeployment } from "./links.js";
import { between } from "./periods.js";
import { DAY } from "./signals.js";
import { exact, shortVersion, word } from "./text.js";

const COLOURS = 6;
const [TOP, LANE, BAR] = [24, 38, 26];
/** A narrower bar is no link, since nobody can hit it; the list of deployments has its link. */
const LEAST_LINK = 28;
/** The width of a character of a version. */
const LETTER = 7.2;
const WIDE = { days: 30, width: 1400, left: 120, right: 96 };
const NARROW = { days: 9, width: 372, left: 78, right: 70 };

/** The measures of the drawing on a wide screen or on a phone. */
export const measures = (isNarrow) => (isNarrow ? NARROW : WIDE);

/** Draws the lanes: environments with their `periods` and `attempts`. `numbers` has the number of each version. */
export function lanes(title, environments, numbers, { days, width, left, right }, now = Date.now()) {
  const from = now - days * DAY;
  const height = TOP + environments.length * LANE;
  const x = (time) => left + ((Math.max(time, from) - from) / (now - from)) * (width - left - right);
  const rows = environments.map((environment, at) => lane(environment, TOP + at * LANE, { x, from, now, numbers, width, left }));
  const live = [svg("line", { class: "live", x1: x(now), x2: x(now), y1: 16, y2: height }), svg("text", { class: "live", x: x(now) + 8, y: 13 }, "now")];
  return svg("svg", { class: "lanes", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": title }, grid(x, from, now, height), rows, live);
}

/** The days of the week end and the start of each week. */
function grid(x, from, now, height) {
  const form = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const parts = [];
  for (let day = new Date(from).setHours(24, 0, 0, 0); day < now; day = new Date(day).setHours(24, 0, 0, 0)) {
    const weekday = new Date(day).getDay();
    const end = Math.min(new Date(day).setHours(24, 0, 0, 0), now);
    if (weekday === 0 || weekday === 6) parts.push(svg("rect", { class: "weekend", x: x(day), y: TOP, width: x(end) - x(day), height: height - TOP }));
    if (weekday === 1) parts.push(svg("line", { class: "week", x1: x(day), x2: x(day), y1: 16, y2: height }), svg("text", { x: x(day) + 4, y: 13 }, form.format(day)));
  }
  return parts;
}

function lane({ name, type, periods, attempts }, y, place) {
  const { x, from, now, width, left } = place;
  const middle = y + LANE / 2;
  const isProduction = type === "production";
  const current = periods.at(-1)?.end === null ? periods.at(-1).deployment.version : null;
  return svg("g", {},
    isProduction && svg("rect", { class: "production", x: 0, y, width, height: LANE }),
    svg("text", { class: `name ${isProduction ? "production" : ""}`, x: 8, y: middle + 4 }, svg("title", {}, name), cut(name, left - 12)),
    svg("line", { class: "nothing", x1: left, x2: x(now), y1: middle, y2: middle }),
    between(periods, from, now).map((period) => bar(period, name, middle, place)),
    attempts.filter((one) => Date.parse(one.occurredAt) > from).map((one) => mark(one, x(Date.parse(one.occurredAt)), middle)),
    current && svg("text", { class: "version", x: x(now) + 8, y: middle + 4 }, svg("title", {}, current), cut(shortVersion(current), width - x(now) - 10)),
  );
}

/** A text that fits into a width. */
const cut = (text, width) => (text.length * LETTER > width ? `${[...text].slice(0, Math.max(1, Math.floor(width / LETTER) - 1)).join("")}…` : text);

function bar({ deployment, start, end }, environment, middle, { x, now, numbers }) {
  const { version, deployedBy, id } = deployment;
  const width = Math.max(3, x(end) - x(start));
  const label = `${version} in ${environment}, ${exact(start)} to ${end === now ? "now" : exact(end)}, by ${deployedBy}`;
  const colour = (numbers.get(version) ?? 0) % COLOURS;
  const parts = [
    svg("title", {}, label),
    svg("rect", { class: `period lane${colour}`, x: x(start), y: middle - BAR / 2, width, height: BAR, rx: 4 }),
    width > 34 && svg("text", { class: "version", x: x(start) + 8, y: middle + 4 }, cut(shortVersion(version), width - 12)),
  ];
  return width < LEAST_LINK ? svg("g", {}, parts) : svg("a", { class: "period-link", href: toDeployment(id), "aria-label": label }, parts);
}

/** An attempt that is not current: its sign at the time of its latest status. */
const mark = ({ status, version, occurredAt }, x, middle) =>
  svg("svg", { class: `mark ${status}`, x: x - 8, y: middle - 8, width: 16, height: 16 },
    svg("title", {}, `${version}: ${word(status)}, ${exact(occurredAt)}`),
    svg("use", { href: `assets/icons.svg#${SIGNS[status]}` }));
