import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  formatWorldLink,
  MOST_LETTERS,
  nameOf,
  parseWorldLink,
  textToWorld,
  worldToText,
} from "../../assets/web/lib/worldlink.js";

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

test("a world comes out of a link as it went in, with the place", async () => {
  const file = bytes('{"settings": {"name": "Größe <b>"}}'.repeat(50));
  const text = (await worldToText(file)) ?? "";
  assert.match(text, /^[\w-]+$/);
  const link = formatWorldLink("https://here/map#other/8/1/2", text, "8/100/-200");
  assert.equal(link, `https://here/map#open=${text}@8/100/-200`);
  assert.deepEqual(parseWorldLink(` ${link}\n`), { text, place: "8/100/-200" });
  assert.deepEqual(await textToWorld(text), file);
  assert.deepEqual(parseWorldLink(formatWorldLink("https://here/", text, "")), { text, place: "" });
});

test("what is too large for a link is not put into one", async () => {
  assert.equal(await worldToText(new Uint8Array(randomBytes(MOST_LETTERS))), null);
});

test("a link that is cut off, no world, or grows without end gives nothing", async () => {
  const text = (await worldToText(bytes("land".repeat(9999)))) ?? "";
  assert.equal(await textToWorld(text.slice(0, -9)), null);
  assert.equal(await textToWorld("abc"), null);
  assert.equal(await textToWorld("a".repeat(MOST_LETTERS + 1)), null);
  const bomb = (await worldToText(new Uint8Array(2 ** 21))) ?? "";
  assert.ok(bomb.length < MOST_LETTERS);
  assert.equal(await textToWorld(bomb), null);
});

test("other addresses hold no world", () => {
  for (const address of ["https://here/#first/8/1/2", "#open=", "#open=a b", "#open=ab@99", ""])
    assert.equal(parseWorldLink(address), null);
});

test("a file that is none has no name", () => {
  assert.equal(nameOf(bytes("PK")), "");
  assert.equal(nameOf(bytes("x".repeat(100))), "");
});
