// @ts-check
// The keys of the page. A key that a view does not offer does nothing.

/** Calls the action of a key, unless the user types into a field. `actions` maps keys to functions. */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const isTyping = target.matches("input:not([type=checkbox]), select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== "Escape")) return;
    const action = actions.get(event.key);
    if (!action || target.closest("[popover], dialog")) return;
    if (action(event, isTyping) !== false) event.preventDefault();
  });
}
