import assert from "node:assert/strict";
import { test } from "node:test";
import { painters } from "../../assets/web/lib/crew.js";
import "./english.js";

const CREW = { here: 3, lost: 0, other: 0, refused: true, trouble: "" };

/** @param {Partial<typeof CREW>} changes */
const said = (changes) => painters({ ...CREW, ...changes }).map((part) => part.join(" "));

test("painters are counted, and those that are lost", () => {
  assert.deepEqual(said({}), ["3 painters"]);
  assert.deepEqual(said({ here: 1 }), ["1 painter"]);
  assert.deepEqual(said({ lost: 1 }), ["3 painters, 1 lost"]);
  assert.deepEqual(painters(null), []);
});

test("painters of another kind are said, and whether they paint here", () => {
  assert.match(said({ other: 2 })[1], /^2 of another kind of machine do not paint this world/);
  assert.match(said({ other: 1, refused: false })[1], /^1 of another kind of machine paints too/);
});

test("a cluster that cannot be used says why, until painters are there", () => {
  assert.deepEqual(said({ here: 0, lost: 3, trouble: "no answer" }), [
    "0 painters, 3 lost",
    "No cluster: no answer",
  ]);
  assert.deepEqual(said({ trouble: "no answer" }), ["3 painters"]);
});
