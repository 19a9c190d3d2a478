// Logging in: a token is pasted, tried, and kept in this tab.

import { LoggedOut, forgetToken, get, keepToken } from "./api.js";
import { el } from "./elements.js";

/** A token has the characters that a header may have; no other is worth a question to the server. */
function readable(text) {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error("A token is one word of letters, digits, dots, dashes and underscores.");
  return text;
}

/** Asks for a token; `done` is called when the server takes it. */
export function show(root, why, done) {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-help token-error" });
  const error = el("p", { id: "token-error", class: "trouble", role: "alert" }, why);
  const button = el("button", { class: "primary" }, "Log in");

  async function submit(event) {
    event.preventDefault();
    error.textContent = "";
    button.disabled = true;
    try {
      keepToken(readable(field.value.trim()));
      await get("deployments", { take: 1 });
      done();
    } catch (refusal) {
      forgetToken();
      error.textContent = refusal instanceof LoggedOut ? `The server does not take this token: ${refusal.message}` : refusal.message;
      field.focus();
    } finally {
      button.disabled = false;
    }
  }

  root.replaceChildren(
    el("form", { class: "login", submit },
      el("h1", { tabindex: "-1" }, "Log in"),
      el("label", { for: "token" }, "Token"),
      field,
      error,
      el("p", { id: "token-help" }, "The command ", el("code", {}, "deploytrack open"), " opens this page logged in. A token is made by whoever runs the server, with ",
        el("code", {}, "deploytrack-server token"), "; one that can only read is enough here. It is kept in this tab and is gone with it."),
      button,
    ),
  );
  field.focus();
}
