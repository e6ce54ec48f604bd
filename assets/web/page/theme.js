// @ts-check
// Light or dark: as the system has it, until somebody chooses.
import { on, tellMap } from "./bus.js";

const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const dark = () => document.body.classList.contains("dark");

/** @param {string} theme */
function show(theme) {
  document.body.classList.toggle("dark", theme === "dark");
  tellMap({ type: "theme", theme });
}

on("ready", () => show(localStorage.getItem("earth-theme") ?? system()));

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element) || target.id !== "theme") return;
  const theme = dark() ? "light" : "dark";
  localStorage.setItem("earth-theme", theme);
  show(theme);
});
