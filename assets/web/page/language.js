// @ts-check
// The page's language. The server writes the page in it, so another one is a page anew.
import { language, languages, phrase } from "../lib/phrases.js";
import { make } from "./dom.js";

/** A field that chooses it; the server keeps what was chosen. */
export function languageField() {
  const label = make("label", phrase("language"), { class: "language" });
  const choice = make("select", "", { id: "language" });
  for (const [code, name] of Object.entries(languages)) choice.append(new Option(name, code));
  choice.value = language;
  choice.addEventListener("change", () => {
    const address = new URL(location.href);
    address.searchParams.set("lang", choice.value);
    location.assign(address);
  });
  label.append(choice);
  return label;
}

// Kept now: a link that is copied from here should not choose for others.
const address = new URL(location.href);
if (address.searchParams.has("lang")) {
  address.searchParams.delete("lang");
  history.replaceState(history.state, "", address);
}

// Gradio says there which language its own few words are in; the page's words are ours.
const root = document.documentElement;
const keep = () => {
  if (root.lang !== language) root.lang = language;
};
new MutationObserver(keep).observe(root, { attributeFilter: ["lang"] });
keep();
