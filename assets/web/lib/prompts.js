// @ts-check
// Prompts that are put together by clicks.

/**
 * A prompt with one more word: after a comma, once; a word that is there already goes.
 * @param {string} prompt @param {string} word
 */
export function toggled(prompt, word) {
  const parts = prompt
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  const without = parts.filter((part) => part.toLowerCase() !== word.toLowerCase());
  return (without.length < parts.length ? without : [...parts, word]).join(", ");
}
