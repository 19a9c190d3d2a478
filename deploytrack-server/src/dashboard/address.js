// The address of what is shown, in the fragment: `#/page/id?parameters`. It can be kept and handed on; the token cannot.

/** The page, the rest of its path, and its parameters. */
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

/** The link to a page with parameters; those that are null, false or empty are left out. */
export function to(page, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one || one === 0) query.append(name, one === true ? "1" : one);
  }
  return query.size > 0 ? `#/${page}?${query}` : `#/${page}`;
}

/** Changes the parameters of the page that is shown, without a step to go back over. */
export function replace(page, parameters) {
  history.replaceState(null, "", to(page, parameters));
}

/** The token that `deploytrack open` put into the address, taken out of it before anything else reads or keeps it. */
export function takeToken() {
  const handed = new URLSearchParams(location.hash.slice(1));
  const token = location.hash.startsWith("#token=") ? handed.get("token") : null;
  if (token) history.replaceState(null, "", `#/${handed.get("to") ?? ""}`);
  return token;
}
