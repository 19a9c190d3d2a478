// Uses the types that openapi-typescript generates from the document: records, reads the matrix, and gets a problem.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["Problem"];

const client = createClient<paths>({
  baseUrl: process.env.DEPLOYTRACK_URL,
  headers: { Authorization: `Bearer ${process.env.DEPLOYTRACK_TOKEN}` },
});

const recorded = await client.POST("/api/v1/deployments", {
  body: { component: "typescript-client", environment: "staging", version: "v1" },
});
assert(recorded.data, JSON.stringify(recorded.error));
const path = { id: recorded.data.id };

for (const status of ["in_progress", "succeeded"] as const) {
  const moved = await client.PATCH("/api/v1/deployments/{id}", { params: { path }, body: { status } });
  assert.equal(moved.data?.status, status);
}

const matrix = await client.GET("/api/v1/deployments/matrix", { params: { query: { component: ["typescript-client"] } } });
assert(matrix.data, JSON.stringify(matrix.error));
assert.equal(matrix.data[0]?.environments.staging?.version, "v1");

const refused = await client.PATCH("/api/v1/deployments/{id}", { params: { path }, body: { status: "pending" } });
const problem: Problem | undefined = refused.error;
assert.equal(problem?.code, "invalid_transition");
assert.deepEqual(problem?.allowedTransitions, ["rolled_back"]);
