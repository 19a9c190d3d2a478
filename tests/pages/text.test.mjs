// Values as the pages print them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { age, cellIn, count, dayName, duration, freshness, initials, isBot, isSame, local, nameKey, shortVersion, STATUSES, webAddress, word, utcOffset } from "../../deploytrack-server/src/dashboard/text.js";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

test("an age has the largest unit that fits, and weeks begin at two", () => {
  const now = Date.UTC(2025, 5, 1, 12);
  const ages = [[0, "0s"], [59 * SECOND, "59s"], [60 * SECOND, "1m"], [3599 * SECOND, "59m"], [3600 * SECOND, "1h"], [DAY, "1d"], [13 * DAY, "13d"], [14 * DAY, "2w"], [364 * DAY, "52w"], [365 * DAY, "1y"]];
  for (const [past, expected] of ages) assert.equal(age(now - past, now), expected);
});

test("a time in the future has the age zero", () => {
  assert.equal(age(Date.UTC(2025, 0, 2), Date.UTC(2025, 0, 1)), "0s");
});

test("a duration has its two largest units", () => {
  const from = "2025-06-01T12:00:00Z";
  for (const [to, expected] of [
    ["2025-06-01T12:00:00Z", "0s"],
    ["2025-06-01T12:00:07Z", "7s"],
    ["2025-06-01T12:03:00Z", "3m"],
    ["2025-06-01T12:03:04Z", "3m 4s"],
    ["2025-06-03T14:03:04Z", "2d 2h"],
  ]) assert.equal(duration(from, to), expected);
});

test("a duration is never negative", () => {
  assert.equal(duration("2025-06-01T12:00:05Z", "2025-06-01T12:00:00Z"), "0s");
});

test("a local time is read back as the same time", () => {
  const date = new Date("2025-06-01T12:34:56Z");
  assert.equal(new Date(local(date)).getTime(), date.getTime());
});

test("every status has words, and an unknown one stays as it is", () => {
  assert.deepEqual(STATUSES.map(([status]) => status), ["pending", "in_progress", "succeeded", "failed", "rolled_back"]);
  assert.equal(word("rolled_back"), "rolled back");
  assert.equal(word("paused"), "paused");
});

test("names are compared without case, kinds of spaces and the look of emoji", () => {
  for (const [a, b] of [["api", "API"], ["straße", "STRASSE"], ["a\u00a0b", "a b"], [" a  b ", "a b"], ["cafe\u0301", "caf\u00e9"], ["\u2764\ufe0f", "\u2764"]]) {
    assert.equal(nameKey(a), nameKey(b), `${a} and ${b}`);
    assert.ok(isSame(a, b), `${a} and ${b}`);
  }
  assert.ok(!isSame("api", "web"));
});

test("a cell is found by any form of its name, and inherited properties are not cells", () => {
  const cells = { Production: 1 };
  assert.equal(cellIn(cells, "Production"), 1);
  assert.equal(cellIn(cells, "production"), 1);
  for (const name of ["constructor", "toString", "__proto__", "staging"]) assert.equal(cellIn(cells, name), null, name);
});

test("a count has the plural of its noun", () => {
  assert.deepEqual([count(0, "row"), count(1, "row"), count(2, "row"), count(2, "entry", "entries")], ["0 rows", "1 row", "2 rows", "2 entries"]);
});

test("only http and https are addresses of the web", () => {
  assert.equal(webAddress("https://example.com/a b"), "https://example.com/a%20b");
  assert.equal(webAddress("http://example.com"), "http://example.com/");
  for (const text of ["javascript:alert(1)", "data:text/html,x", "ftp://example.com", "example.com", "", 7, null, undefined, {}]) {
    assert.equal(webAddress(text), null, String(text));
  }
});

test("a long hash is cut, and other versions are not", () => {
  assert.equal(shortVersion("ed52224333bd0a"), "ed52224");
  for (const text of ["v1.2.3", "ed52224", "2026.11.29", "deadbeefx"]) assert.equal(shortVersion(text), text);
});

test("a person has initials and a program is known by its name", () => {
  assert.deepEqual(["maria.keller", "priya", "j.nguyen", "\u00e9mile", ""].map(initials), ["MK", "PR", "JN", "\u00c9M", "?"]);
  assert.deepEqual(["renovate[bot]", "deploy-bot", "abbot"].map(isBot), [true, true, false]);
});

test("freshness has four steps", () => {
  assert.deepEqual([0, 3_600_000, 86_400_000, 14 * 86_400_000].map(freshness), [0, 1, 2, 3]);
});

test("two days have names, and a day of another year has its year", () => {
  const now = new Date(2026, 2, 1, 12);
  assert.deepEqual([new Date(2026, 2, 1), new Date(2026, 1, 28)].map((day) => dayName(day, now)), ["Today", "Yesterday"]);
  assert.match(dayName(new Date(2025, 0, 1), now), /2025/);
  assert.doesNotMatch(dayName(new Date(2026, 0, 1), now), /2026/);
});

test("an offset from UTC has two digits for hours and minutes", () => {
  assert.deepEqual([0, 120, -570, 345, -60].map(utcOffset), ["+00:00", "+02:00", "-09:30", "+05:45", "-01:00"]);
});
