// The requests of the page of the matrix.

import assert from "node:assert/strict";
import { test } from "node:test";

// The module that sends requests reads the address of the page when it is loaded.
globalThis.document = { baseURI: "http://localhost/" };
const { read } = await import("../../deploytrack-server/src/dashboard/filters.js");
const { everything } = await import("../../deploytrack-server/src/dashboard/reads.js");

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const matrix = (gap) => [{ componentName: "api", environments: { production: { deploymentId: 1, version: "v1", ...gap } } }];

/** A server that answers each kind of request after some milliseconds. */
function server({ environments, gaps, bare }) {
  globalThis.fetch = async ({ pathname, searchParams }) => {
    const isMatrix = pathname.endsWith("/matrix");
    const isWhole = searchParams.has("gaps");
    await wait(isMatrix ? (isWhole ? gaps : bare) : environments);
    const answer = isMatrix ? matrix(isWhole && { gap: { state: "behind", versions: 2, against: "staging" } }) : pathname.endsWith("/unsettled") ? [] : { data: [], total: 0 };
    return { ok: true, json: async () => answer };
  };
}

for (const [when, delays] of [
  ["at once", { environments: 0, gaps: 0, bare: 0 }],
  ["after the matrix, and before the rest", { environments: 700, gaps: 500, bare: 50 }],
  ["before the matrix without them", { environments: 0, gaps: 500, bare: 300 }],
  ["after everything", { environments: 0, gaps: 700, bare: 50 }],
]) {
  test(`the gaps are in the matrix when they come ${when}`, async () => {
    server(delays);
    let completed = null;
    const [, shown] = await everything(read(new URLSearchParams()), (rows) => { completed = rows; });
    if (!shown[0].environments.production.gap) {
      await wait(400);
      assert.equal(completed, shown);
    }
    assert.equal(shown[0].environments.production.gap.versions, 2);
  });
}
