// @ts-check
// The map is opened as soon as the page begins: Gradio's scripts, which bring the panel, take longer. What the
// map says meanwhile waits in the bus.
import { recall } from "../lib/memory.js";
import { parseLink } from "../lib/place.js";
import { rooted } from "../lib/root.js";
import { readVisits, VISITS } from "../lib/visits.js";
import "./bus.js";

const LANDS = 400; // ms until painted land is seen in a map that is there; other land may take long
const LONGEST = 3000; // ms that the panel waits

export const visits = () => readVisits(recall(VISITS));

/** Where a world was left, or "". @param {string} world */
export const left = (world) => visits().find(([each]) => each === world)?.[1] ?? "";

/** The world that the address names, else the one visited last. */
export const asked = () => parseLink(location.hash)?.world ?? visits().at(-1)?.[0] ?? "";

/** The map's own page. @param {string} world @param {string} at a place, or "": its home */
export const mapOf = (world, at) => rooted(`/worlds/${world}/map${at && `#${at}`}`);

/** What the map was opened with before there was a panel. */
export const opening = { world: "", address: "", over: false };

/** @param {string} path */
async function told(path) {
  const answer = await fetch(rooted(path)).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

let called = false; // the panel

async function begin() {
  const wish = asked();
  const found = (wish && (await told(`/worlds/${wish}`))) || (await told("/worlds"))?.[0];
  if (!found) return panel();
  if (opening.over) return;
  const link = parseLink(location.hash);
  const at = (link?.world === found.id && link?.place) || left(found.id);
  Object.assign(opening, { world: found.id, address: mapOf(found.id, at) });
  const frame = /** @type {HTMLIFrameElement} */ (document.getElementById("earth-map"));
  frame.contentWindow?.location.replace(opening.address);
}

/** Gradio's script makes the panel, and main.js fills it. */
function panel() {
  if (called) return;
  called = true;
  for (const held of document.querySelectorAll('script[type="later"]')) {
    const script = document.createElement("script");
    Object.assign(script, { type: "module", crossOrigin: "", src: held.getAttribute("src") });
    document.head.append(script);
  }
  import("./main.js");
}

window.addEventListener("message", ({ origin, data }) => {
  if (origin !== location.origin) return;
  if (data?.type === "landed") panel();
  if (data?.type === "ready") setTimeout(panel, LANDS);
});
setTimeout(panel, LONGEST);
begin();
