// @ts-check
// The addresses of the pages of a component, an environment, a cell and a deployment.

import * as address from "./address.js";

export const toComponent = (name) => address.to(`components/${encodeURIComponent(name)}`);
export const toEnvironment = (name) => address.to(`environments/${encodeURIComponent(name)}`);
export const toCell = (component, environment) => address.to("changes", { component, environment });
export const toDeployment = (id) => address.to(`deployments/${id}`);
