import assert from "node:assert/strict";
import { test } from "node:test";
import { originWords, scaleWords } from "../../assets/web/lib/scale.js";

const world = { base: 8, deepest: 20, nearest: { 8: 8, 9: 8, 12: 12, 13: 8, 20: 19 } };

test("a zoom says how large a pixel is and what one sees", () => {
  assert.equal(scaleWords(18), "0.6 m per pixel: houses and cars");
  assert.equal(scaleWords(8), "610 m per pixel: coasts, rivers and valleys");
  assert.equal(scaleWords(0), "160 km per pixel: the whole Earth");
  assert.equal(scaleWords(20), "0.15 m per pixel: cars and bushes");
});

test("land is learned, invented, far away or enlarged, and says which", () => {
  assert.match(originWords(8, world), /^Learned/);
  assert.equal(originWords(13, world), "Invented: painted as if at zoom 8, the nearest one learned");
  assert.equal(originWords(20, world), "Invented: painted as if at zoom 19, the nearest one learned");
  assert.equal(originWords(4, world), "Seen from afar: the mean of zoom 8");
  assert.equal(originWords(22, world), "Zoom 20, enlarged");
});

test("a level of another model says whose it is", () => {
  const two = { ...world, models: [[10, "other"]] };
  assert.equal(originWords(12, two), "Learned from pictures at this zoom. Painted by other");
  assert.equal(originWords(9, two), "Invented: painted as if at zoom 8, the nearest one learned");
  assert.equal(originWords(22, two), "Zoom 20, enlarged");
});
