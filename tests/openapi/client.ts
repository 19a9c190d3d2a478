// Uses the types that openapi-typescript generates from the document: every group of operations, as a program would.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Deployment = components["schemas"]["Deployment"];
type Problem = components["schemas"]["Problem"];

const client = createClient<paths>({
  baseUrl: process.env.DEPLOYTRACK_URL,
  headers: { Authorization: `Bearer ${process.env.DEPLOYTRACK_TOKEN}` },
});

class DeploytrackError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The data of an answer, unless the server refused the request. */
function done<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.error) throw new DeploytrackError(answer.error);
  return answer.data as T;
}

/** Every deployment of a component, page by page. */
async function* allDeployments(component: string): AsyncGenerator<Deployment> {
  let cursor: string | undefined;
  do {
    const query = { component, take: 2, cursor };
    const page = done(await client.GET("/api/v1/deployments", { params: { query } }));
    yield* page.data;
    cursor = new URLSearchParams(page.next ?? "").get("cursor") ?? undefined;
  } while (cursor);
}

assert.equal(done(await client.GET("/healthz")).status, "ok");
assert.equal(done(await client.GET("/readyz")).status, "ready");

// Components and environments.
const component = done(await client.POST("/api/v1/components", { body: { name: "typescript-client", owner: "team-a" } }));
const ofComponent = { path: { id: component.id } };
const changed = done(await client.PATCH("/api/v1/components/{id}", { params: ofComponent, body: { kind: "service" } }));
assert.deepEqual([changed.owner, changed.kind, changed.description], ["team-a", "service", null]);
for (const type of ["staging", "production"] as const) {
  done(await client.POST("/api/v1/environments", { body: { name: `typescript-${type}`, type } }));
}
const environments = done(await client.GET("/api/v1/environments", { params: { query: { take: 100 } } }));
const names = environments.data.map((environment) => environment.name).reverse();
const ordered = done(await client.PUT("/api/v1/environments/order", { body: { names } }));
assert.deepEqual(ordered.map((environment) => environment.name), names);

// A deployment from its start to its end.
const recorded = done(
  await client.POST("/api/v1/deployments", {
    params: { header: { "Idempotency-Key": "typescript-client-v1" } },
    body: { component: "typescript-client", environment: "typescript-staging", version: "v1", commitSha: "ed52224" },
  }),
);
const params = { path: { id: recorded.id } };
for (const status of ["in_progress", "succeeded"] as const) {
  const moved = done(await client.PATCH("/api/v1/deployments/{id}", { params, body: { status } }));
  assert.equal(moved.status, status);
}
const history = done(await client.GET("/api/v1/deployments/{id}/history", { params }));
assert.deepEqual(history.map((entry) => entry.to), ["pending", "in_progress", "succeeded"]);

// Two deployments that happened long ago.
const past = ["v0.1", "v0.2"].map((version, day) => ({
  componentId: component.id,
  environment: "typescript-production",
  version,
  status: "succeeded",
  occurredAt: `2025-06-0${day + 1}T12:00:00Z`,
}));
assert.deepEqual(done(await client.POST("/api/v1/deployments/import", { body: past })), { recorded: 2, skipped: 0 });

// What is current, what happened, and how often.
const ofMatrix = { query: { component: ["typescript-client"], gaps: true } };
const [row] = done(await client.GET("/api/v1/deployments/matrix", { params: ofMatrix }));
const cell = row?.environments["typescript-staging"];
assert.deepEqual([cell?.version, cell?.deploymentId, cell?.deployedBy], ["v1", recorded.id, "openapi"]);
const ofLatest = { query: { component: "typescript-client" } };
const latest = done(await client.GET("/api/v1/deployments/latest", { params: ofLatest }));
assert.deepEqual(latest.map((deployment) => deployment.version).sort(), ["v0.2", "v1"]);
const versions = [];
for await (const deployment of allDeployments("typescript-client")) versions.push(deployment.version);
assert.deepEqual(versions.sort(), ["v0.1", "v0.2", "v1"]);
const ofDays = { query: { days: 2, component: "typescript-client" } };
const days = done(await client.GET("/api/v1/deployments/daily", { params: ofDays }));
assert.equal(days.reduce((sum, day) => sum + day.succeeded, 0), 1);
const exported = done(await client.GET("/api/v1/deployments/export", { params: ofLatest, parseAs: "text" }));
assert.equal(exported.trimEnd().split("\n").length, 3);

// A transition that is not legal, and a name that does not exist.
const refused = await client.PATCH("/api/v1/deployments/{id}", { params, body: { status: "pending" } });
const problem: Problem | undefined = refused.error;
assert.equal(problem?.code, "invalid_transition");
assert.deepEqual(problem?.allowedTransitions, ["rolled_back"]);
const unknown = await client.GET("/api/v1/deployments/latest", { params: { query: { component: "no-such-component" } } });
assert.throws(() => done(unknown), (error: unknown) => error instanceof DeploytrackError && error.problem.status === 404);

// The first event, from the stream.
const stream = done(await client.GET("/api/v1/events", { params: { query: { after: 0 } }, parseAs: "stream" }));
assert(stream);
let text = "";
for await (const part of stream.pipeThrough(new TextDecoderStream())) {
  text += part;
  if (text.includes("\ndata: ")) break;
}
assert.match(text, /\nid: 1\nevent: [a-z.]+\ndata: \{/);

// The end: undeployed, archived, deleted.
const gone = done(await client.POST("/api/v1/deployments/{id}/undeploy", { params, body: { reason: "moved" } }));
assert.equal(gone.status, "succeeded");
const selection = { name: "typescript-*", dryRun: true };
assert.equal(done(await client.POST("/api/v1/components/archive", { body: selection })).data[0]?.name, "typescript-client");
const spare = done(await client.POST("/api/v1/components", { body: { name: "typescript-spare" } }));
const deleted = await client.DELETE("/api/v1/components/{id}", { params: { path: { id: spare.id } } });
assert.equal(deleted.response.status, 204);

// Badges, sessions, walls, and the check of the whole database.
const path = { component: "typescript-client", environment: "typescript-production" };
const badge = await client.GET("/badges/{component}/{environment}.svg", { params: { path }, parseAs: "text" });
assert.match(done(badge), /^<svg/);
assert.equal(done(await client.GET("/api/v1/session")).role, "admin");
assert.match(done(await client.POST("/api/v1/session/code")).code, /^dtc_/);
const wall = done(await client.POST("/api/v1/walls", { body: { name: "typescript-wall", view: "env=production" } }));
assert.match(wall.secret, /^dtw_/);
const revoked = await client.DELETE("/api/v1/walls/{wall}", { params: { path: { wall: "typescript-wall" } } });
assert.equal(revoked.response.status, 204);
assert.equal(done(await client.GET("/api/v1/verify")).ok, true);
process.exit();
