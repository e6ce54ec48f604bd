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

export const WELCOMED = "earth-welcomed"; // in the browser's storage, once the card of a first visit was put away
// What that card says, the panel need not. It is known before there is a panel, so that nothing moves there.
document.documentElement.classList.toggle("newcomer", !recall(WELCOMED));

export const visits = () => readVisits(recall(VISITS));

/** Where a world was left, or "". @param {string} world */
export const left = (world) => visits().find(([each]) => each === world)?.[1] ?? "";

/** The world that the address names, else the one visited last. */
export const asked = () => parseLink(location.hash)?.world ?? visits().at(-1)?.[0] ?? "";

/** The map's own page. @param {string} world @param {string} at a place, or "": its home */
export const mapOf = (world, at) => rooted(`/worlds/${world}/map${at && `#${at}`}`);

const frame = () => /** @type {HTMLIFrameElement} */ (document.getElementById("earth-map"));

/** Show a map. The server is told what will be seen of it, and names the tiles in the map's page.
 * @param {string} address of the map's own page */
export function lead(address) {
  const { contentWindow, clientWidth, clientHeight } = frame();
  const [path, place = ""] = address.split("#");
  // A frame that goes to another page by its address adds to the browser's history; this does not.
  if (contentWindow?.location.pathname === path) return contentWindow.location.replace(address);
  const view = `${place && `${place}/`}${clientWidth}x${clientHeight}`;
  contentWindow?.location.replace(`${path}?view=${view}${place && `#${place}`}`);
}

/** What the map was opened with before there was a panel. */
export const opening = { world: "", address: "", over: false };

/** @param {string} path */
async function told(path) {
  const answer = await fetch(rooted(path)).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

let called = false; // the panel

/** @param {string} world */
function enter(world) {
  const link = parseLink(location.hash);
  const at = (link?.world === world && link?.place) || left(world);
  Object.assign(opening, { world, address: mapOf(world, at) });
  lead(opening.address);
}

/** The world that is wished for is most often there, so its map is opened at once, and not seen until that is known. */
async function begin() {
  const wish = asked();
  if (wish) enter(wish);
  frame().style.visibility = "hidden";
  const there = wish && (await told(`/worlds/${wish}`));
  const found = there || (await told("/worlds"))?.[0];
  if (!opening.over && found && !there) enter(found.id);
  if (!opening.over && !found) frame().contentWindow?.location.replace("about:blank");
  frame().style.visibility = "";
  if (found) return;
  document.documentElement.classList.remove("newcomer"); // there is no map for the card to lie on
  panel();
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
