// Elements that the pages of deployments, components, environments, changes and comparisons share.

import { get } from "./api.js";
import { button, el, icon, svg, tag, unseen, version as text } from "./elements.js";
import { commitPage, pipelineOf } from "./forges.js";
import { toComponent, toDeployment, toEnvironment } from "./links.js";
import { isSame, shortHash, webAddress } from "./text.js";

/** The links to the page of a component and of an environment. */
export const component = (name) => el("a", { class: "name-link", href: toComponent(name), title: name }, name);
export const environment = (name, type) => el("a", { class: "tag-link", href: toEnvironment(name), title: name }, tag(name, type));

/** A version. It links to its deployment. */
export const version = ({ id, deploymentId = id, version }, kind = "") => el("a", { class: `version-link ${kind}`, href: toDeployment(deploymentId) }, text(version));

/** A link to another site, or plain text if there is no address. */
export const away = (href, ...text) =>
  href ? el("a", { class: "link", href, rel: "noopener noreferrer", target: "_blank" }, text, unseen(" (opens a new page)")) : el("span", {}, text);

/** The link to the commit of a deployment, or null. The title is the whole hash. */
export const commit = (deployment) =>
  deployment.commitSha ? away(commitPage(deployment), el("code", { title: deployment.commitSha }, shortHash(deployment.commitSha))) : null;

/** The link to the pipeline of a deployment, or null. */
export function pipeline(deployment) {
  const found = pipelineOf(deployment);
  return found && [away(found.address, found.name), found.address && icon("out")];
}

/** A button that copies a text. */
export function copy(text, label) {
  const element = button(`Copy the ${label}`, { class: "button bare copy", click: act }, icon("copy"));
  async function act() {
    const isDone = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    element.replaceChildren(isDone ? "Copied" : "Not copied");
    setTimeout(() => element.replaceChildren(icon("copy")), 2_000);
  }
  return element;
}

/** A bar that is filled up to a share. Words beside it must say the same. */
export const meter = (width, share, kind = "") =>
  svg("svg", { class: `meter ${kind}`, viewBox: `0 0 ${width} 6`, width, height: 6, "aria-hidden": "true" },
    svg("rect", { width, height: 6, rx: 3 }), svg("rect", { class: "filled", width: Math.max(3, share * width), height: 6, rx: 3 }));

/** The line of the title. */
export const head = (title, ...beside) => el("div", { class: "head" }, el("h1", { tabindex: "-1" }, title), beside);

/** A framed part of a page with its heading. */
export const panel = (title, note, ...content) =>
  el("section", { class: "panel" }, el("h2", {}, title, note && el("small", {}, note)), content);

/** An entry of a list of facts. */
export const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));

/** The facts of the metadata. An object of simple values has a fact for each of them. */
export const metadata = (all) => el("dl", { class: "facts" }, Object.entries(all).flatMap(metadataFacts));

function metadataFacts([name, value]) {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (entries.length === 0) return [fact(name, metadataValue(value))];
  return entries.map(([key, inner]) => fact(`${name}.${key}`, metadataValue(inner)));
}

/** A value of the metadata: a web address as a link, a nested value as indented JSON, everything else as text. */
function metadataValue(value) {
  if (value !== null && typeof value === "object") return el("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
  return typeof value === "string" ? away(webAddress(value), value) : String(value);
}

/** The current deployment of a cell at a moment, or now; or null. */
export async function currentIn({ componentId, environmentName }, at = null) {
  const list = await get("deployments/latest", { componentId, at });
  return list.find((one) => isSame(one.environmentName, environmentName)) ?? null;
}
