import assert from "node:assert/strict";
import { test } from "node:test";
import { isPicture, isTiff, pictureOf } from "../../assets/web/lib/filed.js";
import {
  around,
  corners,
  held,
  holds,
  middle,
  moved,
  pulled,
  scaled,
  widths,
  zoomOf,
} from "../../assets/web/lib/frames.js";
import { metresPerPixel } from "../../assets/web/lib/plane.js";

const box = around([100, 50], [40, 20]);
const free = [1, 1000];

test("a rectangle lies around its middle and is moved", () => {
  assert.deepEqual(box, [80, 40, 120, 60]);
  assert.deepEqual(middle(box), [100, 50]);
  assert.deepEqual(moved(box, 5, -7), [85, 33, 125, 53]);
  assert.ok(holds(box, box) && holds(scaled(box, 2), box));
  assert.ok(
    !holds(box, scaled(box, 1.01)) && !holds(box, moved(box, 1, 0)) && !holds(box, moved(box, 0, -1)),
  );
});

test("it is scaled about its middle, or a point that stays", () => {
  assert.deepEqual(scaled(box, 2), [60, 30, 140, 70]);
  assert.deepEqual(scaled(box, 0.5, [80, 40]), [80, 40, 100, 50]);
});

test("a corner that is pulled keeps the proportions and the opposite corner", () => {
  assert.deepEqual(pulled(box, 1, [160, 80], free), [80, 40, 160, 80]);
  assert.deepEqual(pulled(box, 3, [100, 50], free), [100, 50, 120, 60]);
  for (const corner of [0, 1, 2, 3]) {
    const opposite = (corner + 2) % 4;
    const [west, south, east, north] = pulled(box, corner, [131, 57], free);
    assert.deepEqual(corners([west, south, east, north])[opposite], corners(box)[opposite]);
    assert.ok(Math.abs((east - west) / (north - south) - 2) < 1e-12);
  }
});

test("it never turns over, and its width stays within bounds", () => {
  assert.deepEqual(pulled(box, 1, [-500, -500], [10, 1000]), [80, 40, 90, 45]);
  assert.deepEqual(pulled(box, 1, [9e9, 9e9], [10, 80]), [80, 40, 160, 80]);
  assert.equal(held(box, 5, [10, 80]), 2);
});

test("a picture is as wide as the server takes it", () => {
  const [least, most] = widths([96, 48], 8);
  assert.equal(least, 32 * metresPerPixel(8)); // its shorter side is 16 pixels then
  assert.equal(most, 96 * metresPerPixel(0));
  assert.equal(widths([1e6, 1e6], 8)[0], 1e6 * metresPerPixel(22));
});

test("its size is a zoom, which moving does not change", () => {
  const side = 96 * metresPerPixel(7);
  const lies = around([123456.7, -98765.4], [side, side]);
  assert.equal(zoomOf(lies, 96), 7);
  assert.equal(zoomOf(moved(lies, 1e6 / 3, 0.1), 96), 7);
  assert.equal(zoomOf(scaled(lies, Math.SQRT1_2), 96), 7.5);
});

test("pictures are told from other files", () => {
  const [text, photo, tiff] = [
    { name: "a.txt", type: "text/plain" },
    { name: "A.JPG", type: "" },
    { name: "a.TIF", type: "" },
  ];
  assert.deepEqual([text, photo, tiff].map(isPicture), [false, true, true]);
  assert.ok(
    isPicture({ name: "image", type: "image/webp" }) && !isPicture({ name: "a.gif", type: "image/gif" }),
  );
  assert.ok(isTiff(tiff) && !isTiff(photo));
  assert.equal(pictureOf([text, tiff]), tiff);
  assert.equal(pictureOf([text]), text);
  assert.equal(pictureOf([]), undefined);
});
