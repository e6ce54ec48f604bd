// @ts-check
// Where the app lies on its server: behind a proxy that may be below a path.

const root = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

/** The address of one of the app's own paths, such as "/worlds"; whole addresses stay. @param {string} path */
export const rooted = (path) => (path.startsWith("/") ? root + path : path);
