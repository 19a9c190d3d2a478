// What happens, as it happens: the server's events (WHATWG HTML, section 9.2), read from a fetch, since an EventSource
// sends no token.

import { LoggedOut, ask } from "./api.js";

/** Events that come within this time are told together, in milliseconds. */
const TOGETHER = 250;
/** The server says something every 15 seconds; who is silent for longer than this is lost. */
const SILENCE = 40_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** Why a connection was let go, where nothing is wrong. */
const ASLEEP = "asleep";

/**
 * Follows the events until `stop` is called. `told` gets those that happened, in order and without a gap; `connected` is
 * called at each connection, `lost` with the time since when nothing was heard, `loggedOut` when the token is no longer good.
 * `sleep(true)` lets the connection go, and `sleep(false)` goes on where it was.
 */
export function follow({ told, connected, lost, loggedOut }) {
  let connection = new AbortController();
  let stopped = false;
  let asleep = false;
  let wake = () => {};
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
    connection = new AbortController();
    const headers = last === null ? {} : { "last-event-id": last };
    const response = await ask("events", { headers, cache: "no-store", signal: connection.signal });
    connected();
    wait = FIRST_WAIT;
    for await (const block of blocks(response.body.getReader(), () => connection.abort())) {
      heard = new Date();
      if (block.id) last = block.id;
      if (block.data) gather(JSON.parse(block.data));
    }
  }

  async function run() {
    while (!stopped) {
      if (asleep) await new Promise((resolve) => { wake = resolve; });
      if (stopped) return;
      try {
        await read();
      } catch (error) {
        if (error instanceof LoggedOut) return void loggedOut(error);
      }
      if (stopped || connection.signal.reason === ASLEEP) continue;
      lost(heard);
      // Not everyone at once, when a server comes back.
      await rest(wait * (0.5 + Math.random() / 2));
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  }

  run();
  return {
    sleep(so) {
      asleep = so;
      if (so) connection.abort(ASLEEP);
      else wake();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      connection.abort();
      wake();
    },
  };
}

/** Waits, at most until the network is there again. */
function rest(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
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
