import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { greyPng } from "../../assets/web/lib/png.js";

test("a grey picture is a PNG with a byte a pixel", async () => {
  const bytes = Buffer.from(await greyPng(3, 2, Uint8Array.from([0, 128, 255, 1, 2, 3])), "base64");
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.equal(bytes.subarray(12, 16).toString(), "IHDR");
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]], [3, 2, 8, 0]);
  const length = bytes.readUInt32BE(33);
  const rows = inflateSync(bytes.subarray(41, 41 + length));
  assert.deepEqual([...rows], [0, 0, 128, 255, 0, 1, 2, 3]);
  assert.equal(bytes.subarray(-8).toString("hex"), "49454e44ae426082"); // IEND and its sum, as in every PNG
});
