// The filters of the matrix, as the address has them.

import assert from "node:assert/strict";
import { test } from "node:test";

// The module that sends requests reads the address of the page when it is loaded.
globalThis.document = { baseURI: "http://localhost/" };
const { read, toParameters, toQuery } = await import("../../deploytrack-server/src/dashboard/filters.js");
const { to } = await import("../../deploytrack-server/src/dashboard/address.js");

/** The parameters of a link with these filters. */
const parameters = (filters) => new URLSearchParams(to("matrix", toParameters(filters)).split("?")[1]);

test("without parameters no filter is set", () => {
  const filters = read(new URLSearchParams());
  assert.ok(Object.values(filters).every((value) => value === "" || value === false || value === null || value.length === 0));
});

test("every filter is read back from the address that it is written to", () => {
  const text = "q=api&env=staging&env=production&envq=prod&owner=ada&kind=service&lifecycle=beta&f=waiting&group=owner&since=week&archived=1&sort=oldest:staging&at=2025-06-01T12:00:00.000Z";
  const filters = read(new URLSearchParams(text));
  assert.deepEqual(filters.faults, []);
  assert.deepEqual(read(parameters(filters)), filters);
  assert.deepEqual(filters.env, ["staging", "production"]);
  assert.equal(filters.at.getTime(), Date.UTC(2025, 5, 1, 12));
});

test("a value that means nothing is no filter, and is named", () => {
  const filters = read(new URLSearchParams("at=yesterday&f=odd&sort=x&group=colour&since=soon&colour=red"));
  assert.deepEqual([filters.at, filters.f, filters.sort, filters.group, filters.since], [null, "", "", "", ""]);
  assert.equal(filters.faults.length, 6);
  for (const named of ["colour", "f=odd", "at=yesterday", "sort=x", "group=colour", "since=soon"]) assert.ok(filters.faults.some((fault) => fault.includes(named)), named);
});

test("former addresses choose the quick filter that replaces theirs", () => {
  assert.equal(read(new URLSearchParams("drift=1")).f, "differs");
  assert.equal(read(new URLSearchParams("unsettled=1")).f, "unsettled");
});

test("the server gets the filters of components", () => {
  const filters = read(new URLSearchParams("q=api&owner=ada&kind=service&archived=1&drift=1"));
  assert.deepEqual(toQuery(filters), { owner: "ada", kind: "service", lifecycle: "", includeArchived: "true" });
  assert.equal(toQuery(read(new URLSearchParams())).includeArchived, false);
});
