// @ts-check
// The links from a place in the matrix to its page.

import * as address from "./address.js";

export const toComponent = (component) => address.to("changes", { component });
export const toEnvironment = (environment) => address.to("changes", { environment });
export const toCell = (component, environment) => address.to("changes", { component, environment });
export const toDeployment = (id) => address.to(`deployments/${id}`);
