// @ts-check
// Options for an edit, one seed apart, shown on the map where they would be. Nothing is kept until one
// is used.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { ask } from "./ask.js";
import { emit, tellMap } from "./bus.js";
import { button, get, make } from "./dom.js";
import { follow, jobLine } from "./jobs.js";

export const OPTIONS = 3;

/** @typedef {{world: string, body: any, seeds: number[], pictured: Box, inside: Box, job: Job}} Offer */

/** @type {Offer | null} */
let offer = null;

export const offered = () => offer !== null;

/**
 * Ask for options and show them.
 * @param {string} world @param {Chosen} selection @param {any} body of the edit
 * @param {(body: any) => Promise<boolean>} apply makes the edit that was picked
 * @param {(words: string, wrong?: boolean) => void} note
 */
export async function askForOptions(world, selection, body, apply, note) {
  const { ok, said } = await ask(`/worlds/${world}/variants`, "POST", { ...body, count: OPTIONS });
  if (!ok) return note(said.error.message, true);
  note("");
  /** @type {Offer} */
  const mine = {
    world,
    body,
    seeds: said.seeds,
    pictured: said.pictured,
    inside: selection.bounds ?? said.pictured,
    job: said.job,
  };
  offer = mine;
  emit({ type: "offered" });
  const line = jobLine(forget, phrase("variants.painting", { count: OPTIONS }));
  line.show(said.job);
  fill(line.line);
  const job = await follow(said.job.id, line.show);
  if (offer !== mine) return;
  if (job?.state === "done") {
    mine.job = job;
    choices(mine, apply);
    if (selection.bounds) tellMap({ type: "fit", bounds: selection.bounds, seen: true });
  } else {
    drop();
    note(job?.error?.message ?? (job ? "" : phrase("variants.lost")), true);
  }
}

/** @param {Offer} mine @param {(body: any) => Promise<boolean>} apply */
function choices(mine, apply) {
  const row = make("div", "", {
    class: "candidates",
    role: "radiogroup",
    "aria-label": phrase("variants.options"),
  });
  const use = make("button", "", { type: "button" });
  let chosen = 0;
  /** @param {number} index */
  const show = (index) => {
    chosen = index;
    use.textContent = phrase("variants.use", { option: index + 1 });
    tellMap({
      type: "preview",
      picture: { url: rooted(mine.job.files[index].url), bounds: mine.pictured, inside: mine.inside },
    });
  };
  mine.job.files.forEach((file, index) => {
    const title = phrase("variants.option", { option: index + 1 });
    const label = make("label", "", { class: "candidate", title });
    const input = make("input", "", { type: "radio", name: "option", "aria-label": title });
    input.checked = !index;
    input.addEventListener("change", () => show(index));
    label.append(input, make("img", "", { src: rooted(file.url), alt: "" }), make("span", String(index + 1)));
    row.append(label);
  });
  use.addEventListener("click", async () => {
    use.disabled = true;
    if (await apply({ ...mine.body, seed: mine.seeds[chosen] })) forget();
    use.disabled = false;
  });
  const none = make("button", phrase("variants.none"), { type: "button", class: "second" });
  none.addEventListener("click", forget);
  const ends = make("div", "", { class: "row2" });
  ends.append(use, none);
  fill(make("p", phrase("variants.choose")), row, ends);
  show(0);
  row.querySelector("input")?.focus({ preventScroll: true });
}

/** @param {HTMLElement[]} children */
function fill(...children) {
  const box = get("edit-variants");
  if (!box) return;
  box.hidden = !children.length;
  box.replaceChildren(...children);
  button("edit-three").disabled = offered();
}

function drop() {
  offer = null;
  tellMap({ type: "preview", picture: null });
  fill();
}

/** The options go, and their job with them. */
export function forget() {
  if (!offer) return;
  ask(`/jobs/${offer.job.id}`, "DELETE");
  drop();
}
