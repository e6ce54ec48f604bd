// @ts-check
// What the page says, in the language of whoever reads it. The server writes that language's catalogue
// (assets/web/text/) into the page.

/** A text, or one for each plural form that the language has. @typedef {string | Record<string, string>} Phrase */
/** @typedef {{language: string, phrases: Record<string, Phrase>, languages?: Record<string, string>}} Catalogue */

export let language = "en";
export let locale = "en-GB"; // for figures, days and hours
/** Those that there are, each with its own name for itself. @type {Record<string, string>} */
export let languages = {};
/** @type {Record<string, Phrase>} */
let phrases = {};
let plurals = new Intl.PluralRules(language);

/** @param {Catalogue} catalogue */
export function use(catalogue) {
  ({ language, phrases, languages = {} } = catalogue);
  locale = language === "en" ? "en-GB" : language;
  plurals = new Intl.PluralRules(language);
}

/**
 * A text of the catalogue. `{name}` in it stands for a value: words go in as they are, numbers as people
 * write them. `count` chooses the plural form.
 * @param {string} key @param {Record<string, string | number>} values
 */
export function phrase(key, values = {}) {
  const found = phrases[key] ?? key;
  const text =
    typeof found === "string" ? found : (found[plurals.select(Number(values.count))] ?? found.other);
  return text.replace(/\{([a-z]+)\}/g, (hole, name) => {
    const value = values[name] ?? hole;
    return typeof value === "number" ? value.toLocaleString(locale, { maximumFractionDigits: 0 }) : value;
  });
}

/** Tells the server in which language to say what went wrong. @returns {Record<string, string>} */
export const spoken = () => ({ "Earth-Language": language });

const written = globalThis.document?.getElementById("phrases");
if (written?.textContent) use(JSON.parse(written.textContent));
