// The environments, read at most once a minute: a list is drawn anew at each event, and there may be thousands of them.

import { all } from "./api.js";
import { nameKey } from "./text.js";

const LIFETIME = 60_000;
let known = null;

function read() {
  const environments = all("environments", {});
  known = { environments, at: Date.now() };
  environments.catch(() => { known = null; });
  return environments;
}

/** All environments in their order. They are read again if one of the names is missing. */
export async function environments(names = []) {
  const found = await (known && Date.now() - known.at < LIFETIME ? known.environments : read());
  const keys = new Set(found.map(({ name }) => nameKey(name)));
  return names.every((name) => keys.has(nameKey(name))) ? found : read();
}
