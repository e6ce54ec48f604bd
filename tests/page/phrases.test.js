import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { phrase, use } from "../../assets/web/lib/phrases.js";
import * as words from "../../assets/web/lib/words.js";

/** @param {string} language */
const speak = (language) => {
  const path = new URL(`../../assets/web/text/${language}.json`, import.meta.url);
  use({ language, phrases: JSON.parse(readFileSync(path, "utf8")) });
};
after(() => speak("en"));

test("figures and plural forms are those of the language", () => {
  speak("de");
  assert.equal(words.count(1, "tile"), "1 Kachel");
  assert.equal(words.count(4321, "tile"), "4.321 Kacheln");
  assert.equal(words.place(-12_340, 20), "12,3 km westlich, 20 m nördlich");
  speak("en");
  assert.equal(words.count(4321, "tile"), "4,321 tiles");
});

test("what people write is put in once, and never read as a template", () => {
  assert.equal(phrase("map.of", { name: "{name} $& @@about@@" }), "Map of {name} $& @@about@@");
});

test("a text that is not there is its key, and a hole without a value stays", () => {
  assert.equal(phrase("no.such.text"), "no.such.text");
  assert.equal(phrase("map.of"), "Map of {name}");
});
