import assert from "node:assert/strict";
import { test } from "node:test";
import { EARTH } from "../../assets/web/lib/plane.js";
import { reported } from "../../assets/web/lib/report.js";
import { MOST_SEED, readSeed } from "../../assets/web/lib/seed.js";
import { degrees, readPlace } from "../../assets/web/lib/whereto.js";

test("a place is typed as metres, degrees or a tile", () => {
  assert.deepEqual(readPlace("120000, -35000"), { x: 120000, y: -35000 });
  assert.deepEqual(readPlace(" 120000 -35000 "), { x: 120000, y: -35000 });
  assert.deepEqual(readPlace("0/0/0"), { x: 0, y: 0, zoom: 0 });
  const { x = 0, y = 0 } = readPlace("12.5° N, 3° W") ?? {};
  const [lat, lon] = degrees(x, y) ?? [];
  assert.ok(Math.abs(lat - 12.5) < 1e-9 && Math.abs(lon + 3) < 1e-9);
  for (const typed of ["", "harbour", "8/1", "99/0/0", "89° N, 3° E", "1e5, 2", "1,2,3"]) {
    assert.equal(readPlace(typed), null, typed);
  }
});

test("beyond the square there are no degrees", () => {
  assert.equal(degrees(EARTH, 0), null);
  assert.deepEqual(degrees(0, 0), [0, 0]);
});

test("a seed is kept exactly or refused", () => {
  assert.deepEqual(readSeed(" 41 "), { seed: 41 });
  assert.deepEqual(readSeed(String(MOST_SEED)), { seed: 2 ** 53 - 1 });
  assert.deepEqual(readSeed(""), {});
  for (const typed of ["1.7", "-1", "9007199254740992", "1e3", "x"]) {
    assert.match(readSeed(typed).wrong ?? "", /whole number from 0 to 9007199254740991/, typed);
  }
});

test("what is left out of a prompt is said", () => {
  assert.equal(reported({ cut: "", unknown: [] }), "");
  assert.equal(reported({ cut: "", unknown: ["blorft"] }), "The model does not know this word: blorft.");
  assert.match(
    reported({ cut: "and so on", unknown: ["a", "b"] }),
    /“and so on” was left out\. .*these words: a, b\./,
  );
});
