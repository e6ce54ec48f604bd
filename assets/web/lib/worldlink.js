// @ts-check
// A whole world as a link: its file, compressed, in the part of an address that no server sees. What comes
// out of a link is only a file again: the server checks it as it checks any other.

export const MOST_LETTERS = 8000; // of a link's world: what mail and messages carry
const MOST_BYTES = 2 ** 20; // of a world that comes out of a link
const LINK = /#open=([A-Za-z0-9_-]+)(?:@(\d{1,2}\/-?\d{1,15}\/-?\d{1,15}))?$/;

/** @param {Uint8Array<ArrayBuffer>} file @returns {Promise<string | null>} null: too long for a link */
export async function worldToText(file) {
  const stream = new Blob([file]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (bytes.length * 4 > MOST_LETTERS * 3) return null;
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @param {string} text @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is no world, or too large a one */
export async function textToWorld(text) {
  if (text.length > MOST_LETTERS) return null;
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    const parts = [];
    let size = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > MOST_BYTES) {
        await reader.cancel();
        return null;
      }
      parts.push(next.value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch {
    return null; // cut off, or never one
  }
}

/** @param {string} address @param {string} text @param {string} place "zoom/x/y", or "" */
export const formatWorldLink = (address, text, place) =>
  `${address.split("#")[0]}#open=${text}${place && `@${place}`}`;

/** The world in an address, and the place in it. @param {string} address @returns {{text: string, place: string} | null} */
export function parseWorldLink(address) {
  const parts = LINK.exec(address.trim());
  return parts && { text: parts[1], place: parts[2] ?? "" };
}

/** What a world's file calls itself, for the question whether to open it; its server reads the rest.
 * @param {Uint8Array<ArrayBuffer>} file a zip whose first member, not compressed, is world.json */
export function nameOf(file) {
  try {
    const view = new DataView(file.buffer);
    const begin = 30 + view.getUint16(26, true) + view.getUint16(28, true);
    const json = new TextDecoder().decode(file.subarray(begin, begin + view.getUint32(18, true)));
    const { name } = JSON.parse(json).settings;
    return typeof name === "string" ? name.slice(0, 80) : "";
  } catch {
    return "";
  }
}
