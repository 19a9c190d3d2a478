// @ts-check
// The address of a page, in the fragment of the URL: `#/page/id?parameters`. It can be bookmarked and shared; it contains no
// secret.

/** The page, the id in its path, and its parameters. */
export function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page, id = null] = path.split("/");
  return { page, id: id && decode(id), parameters: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The link to a page with parameters. Parameters that are null, false or empty are omitted. */
export function to(page, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one || one === 0) query.append(name, one === true ? "1" : one);
  }
  return query.size > 0 ? `#/${page}?${query}` : `#/${page}`;
}

/** Replaces the parameters of the current page without an entry in the browser's history. */
export function replace(page, parameters) {
  history.replaceState(null, "", to(page, parameters));
}

/** The address of a wall with this query. */
export const ofWall = (view) => (view ? `#/?kiosk=1&${view.replace(/^\?/, "")}` : "#/?kiosk=1");

/** Leads back to the view of a wall, whatever the address is. */
export function keepWall(view) {
  if (location.hash !== ofWall(view)) history.replaceState(null, "", ofWall(view));
}

/**
 * Removes the code of `deploytrack open`, or the secret of a wall's link, from the address, before any other code reads or
 * stores the address. Returns it.
 */
export function takeSecret() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const [name] = location.hash.slice(1).split("=");
  const secret = ["code", "wall"].includes(name) ? fields.get(name) : null;
  if (secret) history.replaceState(null, "", name === "wall" ? ofWall("") : `#/${fields.get("to") ?? ""}`);
  return secret;
}
