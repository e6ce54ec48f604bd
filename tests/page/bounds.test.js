import assert from "node:assert/strict";
import { test } from "node:test";
import { aroundGeoJson, readBounds } from "../../assets/web/lib/bounds.js";

const rounded = (/** @type {Box | null} */ box) => box?.map((side) => Math.round(side) + 0);

test("four numbers are metres, or degrees where they say so", () => {
  assert.deepEqual(readBounds(" -1000, -2000.5 3000;4000 "), [-1000, -2000.5, 3000, 4000]);
  assert.deepEqual(readBounds("[0, 0, 10, 10]"), [0, 0, 10, 10]);
  assert.deepEqual(rounded(readBounds("0° 0° 1° 1°")), [0, 0, 111319, 111325]);
  assert.deepEqual(rounded(readBounds("0, 0, 1, 1 °")), [0, 0, 111319, 111325]);
});

test("what is no rectangle is none", () => {
  for (const text of [
    "",
    "1 2 3",
    "1 2 3 4 5",
    "3 2 1 4",
    "0 4 3 2",
    "a b c d",
    "0° 0° 1° 89°",
    "0° 0° 999° 1°",
  ])
    assert.equal(readBounds(text), null, text);
});

test("a rectangle lies around all that GeoJSON draws", () => {
  const square = {
    type: "Polygon",
    coordinates: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
    ],
  };
  const point = { type: "Feature", geometry: { type: "Point", coordinates: [-1, -1, 500] } };
  const both = { type: "FeatureCollection", features: [{ type: "Feature", geometry: square }, point] };
  assert.deepEqual(rounded(aroundGeoJson(JSON.stringify(both))), [-111319, -111325, 111319, 111325]);
  const mercator = { ...square, crs: { properties: { name: "urn:ogc:def:crs:EPSG::3857" } } };
  assert.deepEqual(aroundGeoJson(JSON.stringify(mercator)), [0, 0, 1, 1]);
});

test("a file that draws nothing, or nothing flat, gives none", () => {
  const point = { type: "Point", coordinates: [1, 1] };
  for (const text of ["", "{", "null", "[]", '{"features": []}', JSON.stringify(point)])
    assert.equal(aroundGeoJson(text), null, text);
  const deep = "[".repeat(5000) + "]".repeat(5000);
  assert.equal(aroundGeoJson(`{"coordinates": ${deep}}`), null);
});
