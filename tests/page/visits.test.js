import assert from "node:assert/strict";
import { test } from "node:test";
import { readVisits, visited } from "../../assets/web/lib/visits.js";

test("the world visited last is at the end, and each is kept once", () => {
  let visits = readVisits(null);
  visits = visited(visits, "first", "8/0/0");
  visits = visited(visits, "other", "8/1/1");
  visits = visited(visits, "first", "8/2/2");
  assert.deepEqual(visits, [
    ["other", "8/1/1"],
    ["first", "8/2/2"],
  ]);
});

test("the list stays short, and what is damaged is left out", () => {
  /** @type {[string, string][]} */
  let visits = [];
  for (let index = 0; index < 200; index++) visits = visited(visits, `world-${index}`, "");
  assert.equal(visits.length, 50);
  assert.deepEqual(readVisits("{"), []);
  assert.deepEqual(readVisits('[1, ["a"], ["a", "8/0/0"]]'), [["a", "8/0/0"]]);
});
