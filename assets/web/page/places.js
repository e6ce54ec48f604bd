// @ts-check
// The panel's places and the views within them: tabs. On a phone the panel is a sheet that is pulled up.
import { phrase } from "../lib/phrases.js";
import { emit, on, tellMap } from "./bus.js";
import { get } from "./dom.js";

const STEPS = /** @type {Record<string, number>} */ ({
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
});
const SHEET = "(max-width: 900px)"; // as page.css has it
const PULL = 24; // px that a finger pulls the handle, to be more than a tap

const sheet = matchMedia(SHEET);

/** @param {Element} tab */
const shownBy = (tab) => get(tab.getAttribute("aria-controls") ?? "");

/** @param {Element} list @returns {HTMLElement[]} */
const tabsOf = (list) =>
  [...list.querySelectorAll('[role="tab"]')].map((tab) => /** @type {HTMLElement} */ (tab));

/** @param {HTMLElement} tab */
function choose(tab) {
  const list = tab.closest('[role="tablist"]');
  if (!list) return;
  for (const each of tabsOf(list)) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    const part = shownBy(each);
    if (part) part.hidden = !chosen;
  }
  emit({ type: "place", shown: shown() });
}

/** @param {ParentNode | null} list @returns {string} the part that its chosen tab shows */
const chosenIn = (list) =>
  list?.querySelector('[role="tab"][aria-selected="true"]')?.getAttribute("aria-controls") ?? "";

/** The place and, if it has some, the view of it. @returns {string[]} */
function shown() {
  const place = chosenIn(document.querySelector("#panel .places"));
  return [place, chosenIn(get(place)?.querySelector(".views") ?? null)];
}

/** @param {string} id of a place or a view */
export const isShown = (id) => shown().includes(id);

/** Show a place or a view of one, and go to a field there. @param {string} id @param {string} focus a field */
export function reveal(id, focus = "") {
  const place = get(id)?.parentElement?.closest("[id^=place-]")?.id;
  for (const each of [place, id]) {
    const tab = each && get(`tab-${each}`);
    if (tab) choose(tab);
  }
  pull(true);
  if (focus) get(focus)?.focus({ preventScroll: true });
}

/** Fold the panel away, or bring it back. @param {boolean} up */
export function pull(up) {
  get("panel")?.classList.toggle("folded", !up);
  get("earth")?.classList.toggle("wide", !up && !sheet.matches);
  const handle = get("handle");
  if (!handle) return;
  handle.textContent = phrase(up ? "panel.hide" : "panel.show");
  handle.setAttribute("aria-expanded", String(up));
  cover();
}

/** The map is told how much of it the sheet covers, so that what it goes to is in sight. */
function cover() {
  const [panel, map] = [get("panel"), get("earth-map")].map((part) => part?.getBoundingClientRect());
  const bottom = sheet.matches && panel && map ? Math.max(0, map.bottom - panel.top) : 0;
  tellMap({ type: "covered", bottom });
}

const folded = () => Boolean(get("panel")?.classList.contains("folded"));

/** Parts come as Gradio makes them: each is hidden until its tab is chosen. */
function look() {
  for (const tab of document.querySelectorAll('#panel [role="tab"]')) {
    const part = shownBy(tab);
    if (!part || part.getAttribute("role") === "tabpanel") continue;
    part.setAttribute("role", "tabpanel");
    part.setAttribute("aria-labelledby", tab.id);
    part.hidden = tab.getAttribute("aria-selected") !== "true";
  }
  const panel = get("panel");
  if (!panel || panel.dataset.sized) return;
  panel.dataset.sized = "yes";
  panel.setAttribute("role", "complementary");
  panel.setAttribute("aria-label", phrase("panel.tools"));
  pull(!sheet.matches);
  new ResizeObserver(cover).observe(panel);
}

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const tab = target.closest('#panel [role="tab"]');
  if (tab instanceof HTMLElement) {
    choose(tab);
    pull(true);
  }
  if (target.closest("#fold")) {
    pull(false);
    get("handle")?.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const tab = event.target instanceof Element ? event.target.closest('#panel [role="tab"]') : null;
  const list = tab?.closest('[role="tablist"]');
  if (!tab || !list) return;
  const tabs = tabsOf(list);
  const at = tabs.indexOf(/** @type {HTMLElement} */ (tab));
  const ends = /** @type {Record<string, number>} */ ({ Home: 0, End: tabs.length - 1 });
  const next =
    ends[event.key] ?? (event.key in STEPS ? (at + STEPS[event.key] + tabs.length) % tabs.length : -1);
  if (next < 0) return;
  event.preventDefault();
  choose(tabs[next]);
  tabs[next].focus();
});

// A tap on the handle turns the sheet; a pull moves it the way of the finger.
let from = 0;
document.addEventListener("pointerdown", (event) => {
  if (event.target instanceof Element && event.target.id === "handle") {
    from = event.clientY;
    event.target.setPointerCapture(event.pointerId);
  }
});
document.addEventListener("pointerup", (event) => {
  if (!(event.target instanceof Element) || event.target.id !== "handle") return;
  const far = event.clientY - from;
  if (Math.abs(far) > PULL) pull(far < 0);
});
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.target.id !== "handle") return;
  const pulled = event.detail > 0 && Math.abs(event.clientY - from) > PULL;
  if (!pulled) pull(folded());
});

sheet.addEventListener("change", () => pull(!sheet.matches));
on("ready", () => {
  cover();
  emit({ type: "place", shown: shown() });
});
new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
