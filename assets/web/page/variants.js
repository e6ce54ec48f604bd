// @ts-check
// Options for an edit, one seed apart. Nothing is kept until one is picked.
import { ask } from "./ask.js";
import { button, get, make } from "./dom.js";
import { follow, jobLine } from "./jobs.js";

export const OPTIONS = 3;

/** @typedef {{world: string, body: any, seeds: number[], job: Job}} Offer */

/** @type {Offer | null} */
let offer = null;

export const offered = () => offer !== null;

/**
 * Ask for options and show them.
 * @param {string} world @param {any} body of the edit
 * @param {(body: any) => Promise<boolean>} apply makes the edit that was picked
 * @param {(words: string, wrong?: boolean) => void} note
 */
export async function askForOptions(world, body, apply, note) {
  const { ok, said } = await ask(`/worlds/${world}/variants`, "POST", { ...body, count: OPTIONS });
  if (!ok) return note(said.error.message, true);
  note("");
  /** @type {Offer} */
  const mine = { world, body, seeds: said.seeds, job: said.job };
  offer = mine;
  const line = jobLine(forget, "Painting 3 options");
  line.show(said.job);
  fill(line.line);
  const job = await follow(said.job.id, line.show);
  if (offer !== mine) return;
  if (job?.state === "done") {
    mine.job = job;
    choices(mine, apply);
  } else {
    drop();
    note(job?.error?.message ?? (job ? "" : "The app was restarted. Ask again."), true);
  }
}

/** @param {Offer} mine @param {(body: any) => Promise<boolean>} apply */
function choices(mine, apply) {
  const row = make("div", "", { class: "candidates" });
  mine.job.files.forEach((file, index) => {
    const name = `Option ${index + 1}`;
    const choice = make("button", "", {
      type: "button",
      class: "candidate",
      title: `Use option ${index + 1}`,
    });
    choice.append(make("img", "", { src: file.url, alt: name }));
    choice.addEventListener("click", async () => {
      if (await apply({ ...mine.body, seed: mine.seeds[index] })) forget();
    });
    row.append(choice);
  });
  const none = make("button", "None of these", { type: "button", class: "quiet" });
  none.addEventListener("click", forget);
  fill(make("p", "Pick one to paint it into the land."), row, none);
  /** @type {HTMLElement} */ (row.firstChild)?.focus({ preventScroll: true });
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
  fill();
}

/** The options go, and their job with them. */
export function forget() {
  if (!offer) return;
  ask(`/jobs/${offer.job.id}`, "DELETE");
  drop();
}
