import assert from "node:assert/strict";
import { test } from "node:test";
import { toggled } from "../../assets/web/lib/prompts.js";

test("a word is added once, and a second click takes it away", () => {
  assert.equal(toggled("", "coast"), "coast");
  assert.equal(toggled("rocky coast, ", "a river"), "rocky coast, a river");
  assert.equal(toggled("rocky coast, A river", "a river"), "rocky coast");
  assert.equal(toggled("coast", "coast"), "");
});
