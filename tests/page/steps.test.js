import assert from "node:assert/strict";
import { test } from "node:test";
import { between } from "../../assets/web/lib/steps.js";

const states = ["done", "done", "cancelled", "done", "undone", "forgotten", "undone"];
const steps = states.map((state, index) => ({ number: 10 + index, state }));

test("how far it is back to a step in force, and forward to one that was undone", () => {
  assert.deepEqual(between(steps, 10), { back: 2, forward: 0 });
  assert.deepEqual(between(steps, 13), { back: 0, forward: 0 });
  assert.deepEqual(between(steps, 16), { back: 0, forward: 2 });
  assert.deepEqual(between(steps, 12), { back: 0, forward: 0 });
});

test("an edit that waits would be given up on the way back", () => {
  assert.equal(between([...steps.slice(0, 2), { number: 12, state: "waiting" }], 10).back, 2);
});
