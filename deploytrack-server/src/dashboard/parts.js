// Elements that the pages of deployments, components, environments, changes and comparisons share.

import { get } from "./api.js";
import { el, unseen } from "./elements.js";
import { commitPage, pipelineOf } from "./forges.js";
import { toComponent, toDeployment, toEnvironment } from "./links.js";
import { isSame, webAddress } from "./text.js";

/** Links to the page of a component and of an environment. */
export const component = (name) => el("a", { href: toComponent(name) }, name);
export const environment = (name) => el("a", { href: toEnvironment(name) }, name);

/** A version. It links to its deployment. */
export const version = ({ id, version }, kind = "") => el("a", { class: `version mono ${kind}`, href: toDeployment(id) }, version);

/** A link to another site, or plain text if there is no address. */
export const away = (href, ...text) =>
  href ? el("a", { href, rel: "noopener noreferrer", target: "_blank" }, text, unseen(" (opens a new page)")) : el("span", {}, text);

/** The link to the commit of a deployment, or null. */
export const commit = (deployment, length = 40) =>
  deployment.commitSha ? away(commitPage(deployment), el("code", {}, deployment.commitSha.slice(0, length))) : null;

/** The link to the pipeline of a deployment, or null. */
export function pipeline(deployment) {
  const found = pipelineOf(deployment);
  return found && away(found.address, found.name);
}

/** A button that copies a text. */
export function copy(text, label) {
  const button = el("button", { type: "button", class: "copy", "aria-label": `Copy the ${label}`, click: act }, "Copy");
  async function act() {
    const isDone = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    button.textContent = isDone ? "Copied" : "Not copied";
  }
  return button;
}

/** An entry of a list of facts. */
export const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));

/** A section with a heading. */
export const section = (title, ...content) => el("section", { class: "part" }, el("h2", {}, title), content.flat());

/** A value of the metadata: a web address as a link, a nested value as indented JSON, everything else as text. */
export function metadataValue(value) {
  if (value !== null && typeof value === "object") return el("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
  return typeof value === "string" ? away(webAddress(value), value) : String(value);
}

/** The current deployment of a cell at a moment, or now; or null. */
export async function currentIn({ componentId, environmentName }, at = null) {
  const list = await get("deployments/latest", { componentId, at });
  return list.find((one) => isSame(one.environmentName, environmentName)) ?? null;
}
