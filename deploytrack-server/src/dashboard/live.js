// What happens, as it happens: the server's events (WHATWG HTML, section 9.2), read from a fetch, since an EventSource
// sends no token.

import { LoggedOut, ask } from "./api.js";

/** Events that come within this time are told together, in milliseconds. */
const TOGETHER = 250;
/** The server says something every 15 seconds; who is silent for longer than this is lost. */
const SILENCE = 40_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/**
 * Follows the events until `stop` is called. `told` gets those that happened, in order and without a gap; `connected` is
 * called at each connection, `lost` with the time since when nothing was heard, `loggedOut` when the token is no longer good.
 */
export function follow({ told, connected, lost, loggedOut }) {
  const ending = new AbortController();
  let last = null;
  let heard = new Date();
  let wait = FIRST_WAIT;
  let waiting = [];
  let timer = null;

  function gather(event) {
    waiting.push(event);
    timer ??= setTimeout(() => {
      timer = null;
      told(waiting.splice(0));
    }, TOGETHER);
  }

  async function read() {
    const connection = new AbortController();
    const end = () => connection.abort();
    ending.signal.addEventListener("abort", end);
    try {
      const headers = last === null ? {} : { "last-event-id": last };
      const response = await ask("events", { headers, cache: "no-store", signal: connection.signal });
      connected();
      wait = FIRST_WAIT;
      for await (const block of blocks(response.body.getReader(), end)) {
        heard = new Date();
        if (block.id) last = block.id;
        if (block.data) gather(JSON.parse(block.data));
      }
    } finally {
      ending.signal.removeEventListener("abort", end);
    }
  }

  async function run() {
    while (!ending.signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (error instanceof LoggedOut) return void loggedOut(error);
      }
      if (ending.signal.aborted) return;
      lost(heard);
      // Not everyone at once, when a server comes back.
      await pause(wait * (0.5 + Math.random() / 2), ending.signal);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  }

  run();
  return { stop: () => { clearTimeout(timer); ending.abort(); } };
}

/** Waits, at most until the network is there again. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const now = () => { clearTimeout(timer); resolve(); };
    addEventListener("online", now, { once: true });
    signal.addEventListener("abort", now, { once: true });
  });
}

/** The blocks of a stream, each as its id and data. */
async function* blocks(reader, giveUp) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const watch = setTimeout(giveUp, SILENCE);
    const { done, value } = await reader.read().finally(() => clearTimeout(watch));
    if (done) return;
    const parts = (text + decoder.decode(value, { stream: true })).split("\n\n");
    text = parts.pop();
    for (const part of parts) yield block(part);
  }
}

function block(text) {
  const field = (name) => text.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
  return { id: field("id"), data: field("data") };
}
