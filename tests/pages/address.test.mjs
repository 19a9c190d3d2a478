// The address of a page, in the fragment of the URL.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { keepWall, read, replace, takeSecret, to } from "../../deploytrack-server/src/dashboard/address.js";

beforeEach(() => {
  globalThis.location = { hash: "" };
  globalThis.history = { replaceState: (_state, _title, address) => (location.hash = address) };
});

/** Reads a fragment, with its parameters as pairs. */
function parts(hash) {
  location.hash = hash;
  const { page, id, parameters } = read();
  return [page, id, [...parameters]];
}

test("an address has a page, an id and parameters", () => {
  assert.deepEqual(parts(""), ["", null, []]);
  assert.deepEqual(parts("#/changes"), ["changes", null, []]);
  assert.deepEqual(parts("#/deployment/01970000"), ["deployment", "01970000", []]);
  assert.deepEqual(parts("#/compare?a=1&b=2&b=3"), ["compare", null, [["a", "1"], ["b", "2"], ["b", "3"]]]);
  assert.deepEqual(parts("#/component/a%2Fb?q=what?"), ["component", "a/b", [["q", "what?"]]]);
});

test("an id that is not encoded correctly stays as it is", () => {
  assert.deepEqual(parts("#/component/100%"), ["component", "100%", []]);
});

test("a link leaves out parameters without a value", () => {
  assert.equal(to("matrix"), "#/matrix");
  assert.equal(to("matrix", { q: "", drift: false, at: null, sort: undefined, env: [] }), "#/matrix");
  assert.equal(to("matrix", { drift: true, env: ["a b", "c&d"], skip: 0 }), "#/matrix?drift=1&env=a+b&env=c%26d&skip=0");
});

test("every link is read back as its parameters", () => {
  const names = ["a b", "100%", "ü/?#&=+", "constructor"];
  location.hash = to("compare", { name: names });
  assert.deepEqual(read().parameters.getAll("name"), names);
});

test("replace changes the parameters of the page", () => {
  replace("changes", { q: "api" });
  assert.equal(location.hash, "#/changes?q=api");
});

test("a code is removed from the address, which then leads to its page", () => {
  location.hash = "#code=secret&to=compare%3Fa%3D1";
  assert.equal(takeSecret(), "secret");
  assert.equal(location.hash, "#/compare?a=1");
  assert.equal(takeSecret(), null);
});

test("only a code at the beginning of the fragment counts", () => {
  for (const hash of ["", "#/matrix?code=secret", "#code="]) {
    location.hash = hash;
    assert.ok(!takeSecret(), hash);
    assert.equal(location.hash, hash);
  }
});

test("the link of a wall is removed from the address", () => {
  location.hash = "#wall=dtw_secret";
  assert.equal(takeSecret(), "dtw_secret");
  assert.equal(location.hash, "#/?kiosk=1");
});

test("a wall stays at its view", () => {
  for (const hash of ["#/", "#/changes?component=api", "#/?kiosk=1", "#/?kiosk=1&env=production&q=pay"]) {
    location.hash = hash;
    keepWall("env=production&q=pay");
    assert.equal(location.hash, "#/?kiosk=1&env=production&q=pay");
  }
  keepWall("");
  assert.equal(location.hash, "#/?kiosk=1");
});
