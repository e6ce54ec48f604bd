import assert from "node:assert/strict";
import { test } from "node:test";
import { aboutModel } from "../../assets/web/lib/painted.js";

const terra = {
  model: "terra",
  digest: "0123456789abcdef",
  licence: "CC0-1.0",
  steps: 8,
  batch: 1,
  missing: null,
};

test("a model is told by name, weights, licence and steps", () => {
  assert.deepEqual(aboutModel(terra, 11), [
    ["Model", "terra"],
    ["Weights", "0123456789ab"],
    ["Licence", "CC0-1.0"],
    ["Painted in", "8 steps"],
    ["Seed", "11"],
  ]);
});

test("a recipe is told, and what is missing comes first", () => {
  const recipe = {
    source: "a/b@c",
    sampler: "euler",
    guidance_scale: 4,
    dtype: "float16",
    batch: 4,
    steps: 25,
  };
  const adapters = [{ file: "roofs.safetensors", weight: 0.5 }];
  const said = Object.fromEntries(aboutModel({ ...terra, ...recipe, adapters }, 1));
  assert.equal(said["Painted in"], "25 steps of euler, guidance 4");
  assert.equal(said.Adapters, "roofs.safetensors (0.5)");
  assert.equal(said.Numbers, "float16, 4 at a time");
  assert.deepEqual(aboutModel({ ...terra, missing: "fetch it" }, 1)[0], ["Missing", "fetch it"]);
});

test("the models of deeper levels are told, and which of them is missing", () => {
  const level = { zoom: 12, model: "other", licence: "mit", missing: null };
  const told = (levels) => Object.fromEntries(aboutModel({ ...terra, levels }, 1))["Deeper levels"];
  assert.equal(told([level]), "other from zoom 12 on (mit)");
  assert.equal(told([{ ...level, missing: "fetch it" }]), "other from zoom 12 on is missing: fetch it");
  assert.equal(told([]), undefined);
});
