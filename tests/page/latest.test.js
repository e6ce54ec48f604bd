import assert from "node:assert/strict";
import { test } from "node:test";
import { Latest } from "../../assets/web/lib/latest.js";

test("of many wishes the first and the newest are worked on, one at a time", async () => {
  /** @type {number[]} */
  const done = [];
  /** @type {(() => void)[]} */
  const ends = [];
  const latest = new Latest(async (/** @type {number} */ wish) => {
    done.push(wish);
    await new Promise((end) => ends.push(() => end(undefined)));
  });
  const all = latest.want(1);
  for (const wish of [2, 3, 4]) latest.want(wish);
  assert.deepEqual(done, [1]);
  ends[0]();
  await new Promise((later) => setImmediate(later));
  assert.deepEqual(done, [1, 4]);
  ends[1]();
  await all;
  assert.equal(latest.busy, false);
});

test("work that fails does not stop the next", async () => {
  let failed = 0;
  const latest = new Latest(async () => {
    failed += 1;
    throw new Error("no");
  });
  await assert.rejects(latest.want(1));
  await assert.rejects(latest.want(2));
  assert.equal(failed, 2);
});
