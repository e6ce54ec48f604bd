import assert from "node:assert/strict";
import { test } from "node:test";
import { Revisions } from "../../assets/web/lib/revisions.js";
import { bands, hue } from "../../assets/web/lib/strokes.js";

test("an older revision that arrives late is not taken", () => {
  const revisions = new Revisions();
  assert.equal(revisions.of("8/1/1"), 0);
  assert.ok(revisions.hear("8/1/1", 3));
  assert.ok(!revisions.hear("8/1/1", 2));
  assert.equal(revisions.of("8/1/1"), 3);
});

test("what was heard of longest ago is forgotten, so memory stays the same", () => {
  const revisions = new Revisions(3);
  for (const key of ["a", "b", "c"]) revisions.hear(key, 1);
  revisions.hear("a", 2);
  revisions.hear("d", 1);
  assert.deepEqual([...revisions.known.keys()], ["c", "a", "d"]);
  for (let index = 0; index < 1000; index++) revisions.hear(`8/${index}/0`, 1);
  assert.equal(revisions.known.size, 3);
});

test("a prompt keeps its colour, and another one has another", () => {
  assert.equal(hue("sand desert"), hue("sand desert"));
  assert.notEqual(hue("sand desert"), hue("sand deserts"));
});

test("the bands of a soft edge lie within it, and add up to the stroke's opacity", () => {
  const { half, opacity } = bands(100, 50, 14);
  assert.equal(half.length, 14);
  assert.ok(half.every((wide, index) => wide > 100 && wide < 150 && (!index || wide < half[index - 1])));
  assert.ok(Math.abs(1 - (1 - opacity) ** 14 - 0.36) < 1e-9);
  assert.deepEqual(bands(100, 0, 14).half.length, 1);
});
