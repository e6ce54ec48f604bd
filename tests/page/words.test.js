import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, unreachable } from "../../assets/web/lib/failures.js";
import { keyName, step } from "../../assets/web/lib/keys.js";
import { formatLink, formatPlace, parseLink, parsePlace } from "../../assets/web/lib/place.js";
import * as words from "../../assets/web/lib/words.js";

test("lengths, sizes and bytes are said with few figures", () => {
  assert.equal(words.length(9999), "9,999 m");
  assert.equal(words.length(12_345), "12 km");
  assert.equal(words.size(156_543, 313_086), "157 x 313 km");
  assert.equal(words.size(900, 5000), "900 x 5,000 m");
  assert.equal(words.bytes(0), "0 bytes");
  assert.equal(words.bytes(1_234_567), "1.23 MB");
  assert.equal(words.count(1, "tile"), "1 tile");
  assert.equal(words.count(4321, "tile"), "4,321 tiles");
});

test("times are said as people say them", () => {
  assert.equal(words.time(0.4), "a moment");
  assert.equal(words.time(33), "33 s");
  assert.equal(words.time(120), "2 min");
  assert.equal(words.time(9000), "2.5 h");
});

test("a place near the middle is not 0 km away", () => {
  assert.equal(words.place(120, -35), "120 m east, 35 m south");
  assert.equal(words.place(-3_000_000, 2_500), "3,000 km west, 2,500 m north");
});

test("what is painted in part is never said to be 0 or 100 % unpainted", () => {
  assert.equal(words.missing({ unpainted: 0, base_tiles: 9 }), "all painted");
  assert.equal(words.missing({ unpainted: 9, base_tiles: 9 }), "nothing painted yet");
  assert.match(words.missing({ unpainted: 1, base_tiles: 9999 }), /^1 % unpainted/);
  assert.match(words.missing({ unpainted: 9998, base_tiles: 9999 }), /^99 % unpainted/);
});

test("links and places are read and written", () => {
  assert.deepEqual(parseLink("#first/8/3000/-20"), { world: "first", place: "8/3000/-20" });
  assert.deepEqual(parseLink("#first"), { world: "first", place: "" });
  for (const bad of ["", "#", "#Über", "#first/8", "#first/8/a/b", "#first/8/1/2/3"]) {
    assert.equal(parseLink(bad), null, bad);
  }
  assert.equal(formatLink("first", formatPlace(8, 2999.6, -20.4)), "#first/8/3000/-20");
  assert.deepEqual(parsePlace("#8/3000/-20"), { zoom: 8, x: 3000, y: -20 });
  assert.equal(parsePlace("#8/1e9/0"), null);
});

test("failures are said in words, whoever answered", () => {
  assert.equal(refused(422, { error: { message: "the name is empty" } }), "the name is empty");
  assert.match(refused(413, undefined), /too large.*\(413\)/);
  assert.match(refused(502, undefined), /cannot reach it.*\(502\)/);
  assert.match(refused(500, { detail: "x" }), /Its log says what/);
  assert.match(refused(200, undefined), /could not be understood/);
  assert.match(unreachable(false, false), /offline/);
  assert.match(unreachable(true, true), /in time/);
  assert.match(unreachable(true, false), /Is it still running/);
});

test("shortcuts work where the layout has no Latin letters, and follow it where it has", () => {
  const none = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
  assert.equal(keyName({ key: "я", code: "KeyZ" }), "z");
  assert.equal(keyName({ key: "z", code: "KeyY" }), "z"); // a German keyboard
  assert.equal(keyName({ key: "Escape", code: "Escape" }), "Escape");
  assert.equal(step({ ...none, key: "я", code: "KeyZ", ctrlKey: true }), "undo");
  assert.equal(step({ ...none, key: "Z", code: "KeyZ", metaKey: true, shiftKey: true }), "redo");
  assert.equal(step({ ...none, key: "y", code: "KeyZ", ctrlKey: true }), "redo");
  assert.equal(step({ ...none, key: "z", code: "KeyZ" }), null);
  assert.equal(step({ ...none, key: "z", code: "KeyZ", ctrlKey: true, altKey: true }), null);
});
