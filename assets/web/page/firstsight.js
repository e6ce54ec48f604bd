// @ts-check
// The land of the view as a still picture, until the map is there: the frame around it takes longer to load than
// painted tiles do. Nothing is painted for it. It runs as soon as it is there, before the page's other modules
// and, it may be, before the page has a body.
import { recall } from "../lib/memory.js";
import { formatPlace, parseLink, parsePlace } from "../lib/place.js";
import { covering } from "../lib/plane.js";
import { rooted } from "../lib/root.js";
import { readVisits, VISITS } from "../lib/visits.js";
import { on } from "./bus.js";

const FADED = 700; // ms until the map's own land has faded in
const LONGEST = 4000; // ms that it stays once the map is there

/** @type {{world: string, place: string, box: HTMLElement} | null} */
let still = null;
let over = false; // the map was sooner

/** The world and the place that this page will open. */
async function asked() {
  const answer = await fetch(rooted("/worlds")).catch(() => null);
  const worlds = answer?.ok ? await answer.json() : [];
  const visits = readVisits(recall(VISITS));
  const link = parseLink(location.hash);
  const wished = link?.world ?? visits.at(-1)?.[0];
  const world = worlds.find((/** @type {any} */ each) => each.id === wished) ?? worlds[0];
  if (!world) return null;
  const left = visits.find(([id]) => id === world.id)?.[1] ?? "";
  const home = formatPlace(world.base_zoom, world.home[0], world.home[1]);
  return { world: world.id, place: (link?.world === world.id && link?.place) || left || home };
}

async function lay() {
  const found = await asked();
  const view = found && parsePlace(found.place);
  if (!view || over) return;
  const box = document.createElement("div");
  box.id = "first-sight";
  box.setAttribute("aria-hidden", "true");
  (document.body ?? document.documentElement).append(box);
  for (const { tile, left, top } of covering(view, box.clientWidth, box.clientHeight)) {
    const image = new Image(256, 256);
    image.alt = "";
    Object.assign(image.style, { left: `${left}px`, top: `${top}px` });
    image.onerror = () => image.remove(); // not painted yet
    image.src = rooted(`/worlds/${found.world}/tiles/${tile.join("/")}.webp`);
    box.append(image);
  }
  still = { ...found, box };
}

function lift() {
  over = true;
  still?.box.remove();
  still = null;
}

on("gone", lift);
on("landed", () => setTimeout(lift, FADED));
on("ready", () => setTimeout(lift, LONGEST));
on("view", ({ world, place }) => {
  if (still && (world !== still.world || place !== still.place)) lift();
});
lay();
