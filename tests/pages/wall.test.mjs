// How the rows of the matrix are spread over a wall.

import assert from "node:assert/strict";
import { test } from "node:test";

import { halves, rowsPerHalf, spread } from "../../deploytrack-server/src/dashboard/halves.js";

const rows = (number) => Array.from({ length: number }, (_, index) => index);
const sizes = (number, perHalf, page) => halves(rows(number), perHalf, page).map((half) => half.length);

test("rows that fit are spread evenly over both halves", () => {
  assert.deepEqual(sizes(60, 31, 0), [30, 30]);
  assert.deepEqual(sizes(61, 31, 5), [31, 30]);
  assert.deepEqual(sizes(12, 31, 0), [12, 0]);
  assert.deepEqual(sizes(0, 31, 0), [0, 0]);
});

test("more rows come in pages, in turn", () => {
  assert.deepEqual(sizes(130, 30, 0), [30, 30]);
  assert.deepEqual(sizes(130, 30, 2), [10, 0]);
  assert.deepEqual(halves(rows(130), 30, 3), halves(rows(130), 30, 0));
});

test("a half holds the rows below its head, and at least one", () => {
  assert.equal(rowsPerHalf(940, 29, 35), 31);
  assert.equal(rowsPerHalf(10, 29, 35), 1);
});

test("few rows are higher, up to twice as high", () => {
  assert.equal(spread(12, 940, 29, 35), 58);
  assert.equal(spread(25, 940, 29, 35), 36);
});
