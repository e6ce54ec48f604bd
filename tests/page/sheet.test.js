import assert from "node:assert/strict";
import { test } from "node:test";
import { Sheet } from "../../assets/web/lib/sheet.js";

const sheet = () => new Sheet(8);
const { side } = sheet().grid; // metres of a latent

/** A sheet as rows of # and dots. */
function drawn({ held, width, height }) {
  return Array.from({ length: height }, (_, row) =>
    [...held.slice(row * width, (row + 1) * width)].map((each) => (each ? "#" : ".")).join(""),
  );
}

const ring = (...corners) => corners.map(([x, y]) => [x * side, -y * side]);
const square = (x, y, size) => ring([x, y], [x + size, y], [x + size, y + size], [x, y + size]);

test("a lasso holds the latents whose middle lies inside, wherever it crosses itself", () => {
  const one = sheet();
  assert.equal(one.fill(ring([0, 0], [4, 0], [0, 4])), true);
  assert.deepEqual(drawn(one), ["####", "###.", "##..", "#..."]);
  const twice = sheet();
  twice.fill([...square(0, 0, 3), ...square(0, 0, 3)]); // around it two times
  assert.deepEqual(drawn(twice), ["###", "###", "###"]);
});

test("what is drawn is added, and can be taken away", () => {
  const one = sheet();
  one.fill(square(0, 0, 2));
  one.fill(square(3, 1, 2));
  assert.deepEqual(drawn(one), ["##...", "##.##", "...##"]);
  one.fill(square(0, 0, 2), false);
  assert.deepEqual(drawn(one), ["##", "##"]);
  assert.deepEqual(
    one.mask().corner.map((each) => Math.round(each / side)),
    [3, -1],
  );
  one.fill(square(-50, -50, 200), false);
  assert.equal(one.span, null);
  assert.equal(one.mask(), null);
  assert.deepEqual(one.outline(), []);
});

test("a brush holds what is near its path, a dot at least one latent", () => {
  const one = sheet();
  one.sweep([[0.5 * side, -0.5 * side]], 0.1 * side);
  assert.deepEqual(drawn(one), ["#"]);
  const line = sheet();
  line.sweep(ring([0, 0], [6, 0]), 1.6 * side);
  assert.deepEqual(drawn(line), [".########.", "##########", "##########", ".########."]);
});

test("the outline is as few lines as there are straight edges", () => {
  const one = sheet();
  one.fill(square(0, 0, 2));
  assert.equal(one.outline().length, 4);
  one.fill(square(2, 0, 1));
  assert.equal(one.outline().length, 6);
  const [[y1, x1], [y2, x2]] = one.outline()[0];
  assert.deepEqual(
    [x1, y1, x2, y2].map((each) => Math.round(each / side) + 0),
    [0, 0, 3, 0],
  );
});

test("a region of very much land is refused, and what was there stays", () => {
  const one = sheet();
  one.fill(square(0, 0, 2));
  assert.equal(one.fill(square(0, 0, 2000)), false);
  assert.deepEqual(drawn(one), ["##", "##"]);
});

test("the tiles that it touches are counted, left of the middle too", () => {
  const one = sheet();
  one.fill(square(-1, -1, 2));
  assert.deepEqual(one.tiles()[3], [8, 128, 128]);
  assert.equal(one.tiles().length, 4);
});
