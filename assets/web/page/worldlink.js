// @ts-check
// Sharing a world in one click: a link that holds all of it, or, where it is too large for one, its file. A
// link that is opened asks before it makes a world here.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { formatWorldLink, nameOf, parseWorldLink, textToWorld, worldToText } from "../lib/worldlink.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { button, get, make, say } from "./dom.js";
import { part } from "./parts.js";
import { copied } from "./share.js";
import { open } from "./world.js";

const state = { world: "", place: "" };

part("share", () => {
  button("share-world").addEventListener("click", share);
});

async function share() {
  const { world, place } = state;
  if (!world) return;
  button("share-world").disabled = true;
  const answer = await fetch(rooted(`/worlds/${world}/package`)).catch(() => null);
  button("share-world").disabled = false;
  if (!answer?.ok) return say(get("share-said"), phrase("failure.unreachable"), true);
  const text = await worldToText(new Uint8Array(await answer.arrayBuffer()));
  if (text) return copied("share-said", formatWorldLink(location.href, text, place), phrase("share.copied"));
  say(get("share-said"), phrase("share.as-file"));
  get("share-package").click();
}

/** Ask whether to make the world of a link, and make it. @param {string} address @returns {Promise<boolean>} false: it is no such link */
export async function offerWorld(address) {
  const link = parseWorldLink(address);
  if (!link) return false;
  const file = await textToWorld(link.text);
  const box = make("dialog", "", { id: "offered", "aria-labelledby": "offered-title" });
  const said = make("p", "", { role: "status" });
  const yes = make("button", phrase("offered.yes"), { type: "button" });
  const no = make("button", phrase(file ? "cancel" : "close"), { type: "button", class: "second" });
  const title = file ? phrase("offered.title", { name: nameOf(file) }) : phrase("offered.broken");
  box.append(make("h2", title, { id: "offered-title" }));
  if (file) box.append(make("p", phrase("offered.what")), said, yes);
  box.append(no);
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    const answer = await ask("/worlds/unpack", "POST", new Blob([file ?? ""]));
    yes.disabled = false;
    if (!answer.ok) return say(said, answer.said.error.message, true);
    box.close();
    open(answer.said.id, link.place);
  });
  no.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return true;
}

on("ready", ({ world }) => {
  state.world = world;
});
on("view", ({ place }) => {
  state.place = place;
});

// The address that this page was opened by: the world of it is asked for once, and the link is gone with it.
const { href } = location;
if (parseWorldLink(href)) {
  history.replaceState(null, "", location.pathname + location.search);
  offerWorld(href);
}
window.addEventListener("hashchange", async () => {
  const address = location.href;
  if (!parseWorldLink(address)) return;
  history.back(); // the world that is on the map stays in the address
  await offerWorld(address);
});
