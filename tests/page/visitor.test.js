import assert from "node:assert/strict";
import { test } from "node:test";
import { told } from "../../assets/web/lib/visitor.js";

const LEFT = { worlds: 9, tiles: 950, uploads: 64_000_000, exports: 1 };
const VISITOR = { role: "visit", worlds: ["mine"], most_worlds: 1, days: 7, left: LEFT, seconds_left: 7200 };

test("those who may edit are told nothing", () => {
  assert.equal(told({ ...VISITOR, role: "edit" }, "mine"), "");
});

test("a visitor is told whose world it is, and what is left today", () => {
  const own = told(VISITOR, "mine");
  assert.match(own, /^This world is yours\. It is kept until you have been away for 7 days\./);
  assert.match(own, /Left for you today: 950 painted tiles, 1 export, 64 MB of files\. More in 2\.0 h\.$/);
  assert.match(told(VISITOR, "other"), /You may change and paint your own\./);
});

test("who has no world yet is told how to get one", () => {
  const words = told({ ...VISITOR, worlds: [], seconds_left: null }, "other");
  assert.match(words, /Make your own/);
  assert.doesNotMatch(words, /More in/);
});

test("who may only look is told so", () => {
  assert.equal(told({ ...VISITOR, role: "view" }, "mine"), "You may look here, and change nothing.");
});
