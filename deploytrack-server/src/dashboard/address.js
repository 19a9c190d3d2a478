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

/** Removes the code of `deploytrack open` from the address, before any other code reads or stores the address. Returns it. */
export function takeCode() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const code = location.hash.startsWith("#code=") ? fields.get("code") : null;
  if (code) history.replaceState(null, "", `#/${fields.get("to") ?? ""}`);
  return code;
}
