// The matrix on a wall: two halves side by side, pages of rows that do not fit, and a line of the newest changes.

import { el, icon, redraw, sign, steppedAge, tag, version } from "./elements.js";
import { Grid } from "./grid.js";
import { halves, rowsPerHalf, spread } from "./halves.js";

/** How long a page of rows is shown, in milliseconds. */
const PAGE_TIME = 20_000;
const NEWEST = 12;
/** The height of the head of a half, in pixels. */
const HEAD = 35;

/** The wall: the halves, the line of changes, and the clock for the summary. */
export function create() {
  const ticker = el("div", { class: "ticker" });
  const walls = el("div", { class: "walls" });
  const grids = [new Grid(null), new Grid(null)];
  const clock = el("div", { class: "walltime" }, el("b"), el("span", {}, icon("logo"), "deploytrack"));
  let drawn = null;
  let page = 0;
  walls.append(...grids.map((grid) => grid.element));

  function drawPage() {
    clock.firstChild.textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (!drawn) return;
    const height = walls.clientHeight;
    const row = parseFloat(getComputedStyle(document.body).getPropertyValue("--row")) + 1;
    const pair = halves(drawn.rows, rowsPerHalf(height, row, HEAD), page);
    const isOne = pair[1].length === 0;
    walls.classList.toggle("one", isOne);
    walls.style.setProperty("--row", `${(isOne ? spread(pair[0].length, height, row, HEAD) : row) - 1}px`);
    pair.forEach((half, at) => grids[at].draw(drawn.columns, half, { at: null }));
  }

  const timer = setInterval(() => {
    if (!walls.isConnected) return clearInterval(timer);
    page += 1;
    drawPage();
  }, PAGE_TIME);
  new ResizeObserver(drawPage).observe(walls);
  return {
    walls,
    ticker,
    clock,
    draw(columns, rows, deployments, types) {
      drawn = { columns, rows };
      drawPage();
      redraw(ticker, deployments.slice(0, NEWEST), () => deployments.slice(0, NEWEST).map((deployment) => news(deployment, types)));
    },
  };
}

function news({ status, componentName, environmentName, version: text, deployedBy, occurredAt }, types) {
  return el("span", { class: status }, sign(status), el("b", {}, componentName), version(text), tag(environmentName, types.get(environmentName)), el("span", { class: "dim" }, steppedAge(occurredAt), ` ago, ${deployedBy}`));
}
