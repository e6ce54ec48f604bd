import assert from "node:assert/strict";
import { test } from "node:test";
import { between, painted } from "../../assets/web/lib/steps.js";

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

test("an edit is told as painted whether it was seen to wait or not, and only once", () => {
  const [prompt, edit] = [
    { number: 1, kind: "prompt", state: "done" },
    { number: 2, kind: "edit", state: "done" },
  ];
  const waits = { ...edit, state: "waiting" };
  assert.deepEqual(painted([prompt, waits], [prompt, edit]), [edit]);
  assert.deepEqual(painted([prompt], [prompt, edit]), [edit]);
  assert.deepEqual(painted([prompt, edit], [prompt, edit]), []);
});

test("what is not painted anew is not told: a first look, a redo, a prompt, an edit given up", () => {
  const first = { number: 1, kind: "prompt", state: "done" };
  const edit = { number: 2, kind: "edit", state: "done" };
  assert.deepEqual(painted([], [first, edit]), []);
  assert.deepEqual(painted([first, { ...edit, state: "undone" }], [first, edit]), []);
  assert.deepEqual(painted([first], [first, { ...first, number: 2 }]), []);
  assert.deepEqual(
    painted([first, { ...edit, state: "waiting" }], [first, { ...edit, state: "cancelled" }]),
    [],
  );
});
