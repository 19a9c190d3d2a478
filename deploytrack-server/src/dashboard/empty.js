// The content of a matrix in which nothing is recorded: the command that records the first deployment.

import { button, el, icon, svg } from "./elements.js";

const COMMAND = "deploytrack record -c checkout-api -e production --version v1.4.2 -- ./deploy.sh";
const LENGTHS = [96, 118, 84, 108];

/** A command with a button that copies it. */
function command(text) {
  const label = el("span", {}, "Copy");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  };
  return el("div", { class: "cmd" }, el("code", {}, text), button("Copy the command", { click: copy }, icon("copy"), label));
}

const ghost = () =>
  svg("svg", { class: "ghost", viewBox: "0 0 600 132", "aria-hidden": "true" }, LENGTHS.map((length, y) => [0, 1, 2, 3, 4, 5].map((x) =>
    svg("rect", { x: x === 0 ? 0 : 150 + (x - 1) * 96, y: y * 34, width: x === 0 ? length : 62, height: 10, rx: 5, fill: "currentColor", opacity: String((x === 0 ? 0.95 : 0.75) - y * 0.2) }))));

/** The page without a deployment. */
export const nothing = () =>
  el("div", { class: "blank" }, ghost(), el("h2", {}, "Nothing is recorded yet"),
    el("p", {}, "Put one command in front of the deploy script. It runs the script, and this page shows what was deployed where, by whom, and whether it worked."),
    command(COMMAND),
    el("p", {}, "To see an example first, ", el("code", {}, "deploytrack serve --demo"), " starts a server with sample deployments."));
