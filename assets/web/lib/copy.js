// @ts-check
// The clipboard, for the page and for the map in its frame.

/** Put words on the clipboard. @param {string} words @returns {Promise<boolean>} */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    // Without https or permission the browser has no clipboard for pages, and an older way does.
    const box = document.createElement("textarea");
    box.readOnly = true;
    box.value = words;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }
}
