// @ts-check
// Light or dark: as the system has it, until somebody chooses.
import { recall, remember } from "../lib/memory.js";
import { on, tellMap } from "./bus.js";

const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const dark = () => document.body.classList.contains("dark");

/** @param {string} theme */
function show(theme) {
  document.body.classList.toggle("dark", theme === "dark");
  tellMap({ type: "theme", theme });
}

on("ready", () => show(recall("earth-theme") ?? system()));

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element) || target.id !== "theme") return;
  const theme = dark() ? "light" : "dark";
  remember("earth-theme", theme);
  show(theme);
});
