// @ts-check
// Shortcuts that work on every keyboard: a letter by its name where the layout has Latin letters, else
// by where the key lies.

/** The letter of a key, or the key's name. @param {{key: string, code: string}} event */
export function keyName({ key, code }) {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(code);
  return letter ? letter[1].toLowerCase() : key;
}

/** What a key does to the journal. @param {KeyPress} event @returns {"undo" | "redo" | null} */
export function step(event) {
  if (event.altKey || !(event.ctrlKey || event.metaKey)) return null;
  const name = keyName(event);
  if (name === "z") return event.shiftKey ? "redo" : "undo";
  return name === "y" ? "redo" : null;
}
