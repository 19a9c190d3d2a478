// The event stream of the server (WHATWG HTML, section 9.2). It is read with fetch, because an EventSource does not tell why it ended.

import { Refusal, Unauthorized, send } from "./api.js";

/** Events within this time are delivered together, in milliseconds. */
const BATCH_TIME = 250;
/** A connection without data for this time is lost, in milliseconds. The server sends a heartbeat every 15 seconds. */
const SILENCE = 40_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** The statuses for a position that belongs to another database, or that this one does not have. */
const GONE = 410;
const INVALID = 400;

/** The reason for closing a connection on purpose. */
const ASLEEP = "asleep";

/**
 * Follows the events until `stop` is called. `onEvents` gets the events, in order and without gaps. `onConnect` is called at
 * each connection, `onDisconnect` with the time of the last data, and `onUnauthorized` when the session has ended.
 * `sleep(true)` closes the connection, and `sleep(false)` resumes it after the last event.
 */
export function follow({ onEvents, onConnect, onDisconnect, onUnauthorized }) {
  let connection = new AbortController();
  let stopped = false;
  let asleep = false;
  let wake = () => {};
  let last = null;
  let lastData = new Date();
  let wait = FIRST_WAIT;
  let batch = [];
  let timer = null;

  function collect(event) {
    batch.push(event);
    timer ??= setTimeout(() => {
      timer = null;
      onEvents(batch.splice(0));
    }, BATCH_TIME);
  }

  async function read() {
    connection = new AbortController();
    const headers = last === null ? {} : { "last-event-id": last };
    const response = await send("events", { headers, cache: "no-store", signal: connection.signal });
    onConnect();
    wait = FIRST_WAIT;
    for await (const block of blocks(response.body.getReader(), () => connection.abort())) {
      lastData = new Date();
      if (block.id) last = block.id;
      if (block.data) collect(JSON.parse(block.data));
    }
  }

  async function run() {
    while (!stopped) {
      if (asleep) await new Promise((resolve) => { wake = resolve; });
      if (stopped) return;
      try {
        await read();
      } catch (error) {
        if (error instanceof Unauthorized) return void onUnauthorized(error);
        // A backup was restored, and the numbers of events run again. The next connection begins anew, and its pages are read anew.
        if (error instanceof Refusal && (error.status === GONE || error.status === INVALID)) last = null;
      }
      if (stopped || connection.signal.reason === ASLEEP) continue;
      onDisconnect(lastData);
      // A random delay, so that not all pages reconnect at the same time after a restart of the server.
      await pause(wait * (0.5 + Math.random() / 2));
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  }

  run();
  return {
    sleep(isAsleep) {
      asleep = isAsleep;
      if (isAsleep) connection.abort(ASLEEP);
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

/** Waits, but no longer than until the browser is online again. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** The blocks of a stream, each with its id and its data. */
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
