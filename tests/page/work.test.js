import assert from "node:assert/strict";
import { test } from "node:test";
import { ended, live, secondsLeft } from "../../assets/web/lib/work.js";

const job = (id, state, seconds_left = null) => ({ id, state, seconds_left });

test("what became of jobs while nobody looked", () => {
  const now = [job("a", "done"), job("b", "failed"), job("c", "running"), job("e", "cancelled")];
  const { done, failed, lost } = ended(["a", "b", "c", "d", "e"], now);
  assert.deepEqual(
    [done, failed].map((each) => each.map(({ id }) => id)),
    [["a"], ["b"]],
  );
  assert.deepEqual(lost, ["d"]); // the app was restarted
});

test("the time that is left is that of all whose time is known", () => {
  const line = [job("a", "running", 4), job("b", "running", 2.5), job("c", "waiting")];
  assert.equal(secondsLeft(line.filter(live)), 6.5);
  assert.equal(secondsLeft([job("c", "waiting")]), null);
});
