// @ts-check
// A picture in what is dropped or pasted.

const NAMES = /\.(png|jpe?g|webp|tiff?)$/i;
const TYPES = new Set(["image/png", "image/jpeg", "image/webp", "image/tiff"]);

/** Whether the app reads such a file as a picture. @param {{name: string, type: string}} file */
export const isPicture = ({ name, type }) => TYPES.has(type) || NAMES.test(name);

/** Whether the browser cannot draw it. @param {{name: string, type: string}} file */
export const isTiff = ({ name, type }) => type === "image/tiff" || /\.tiff?$/i.test(name);

/**
 * The first picture, or else the first file.
 * @template {{name: string, type: string}} Any
 * @param {Iterable<Any>} files @returns {Any | undefined}
 */
export function pictureOf(files) {
  const all = [...files];
  return all.find(isPicture) ?? all[0];
}
