// @ts-check
// The one way to ask the server. It always ends with an answer: a failure has words for people, that
// of the network or of a proxy too.
import { refused, unreachable } from "../lib/failures.js";
import { spoken } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";

const PATIENCE = 60_000; // ms for an answer; a file that is sent may take its time

/**
 * @param {string} url
 * @param {string} method
 * @param {any} body a Blob as it is, anything else as JSON
 * @returns {Promise<Answer>} `said` is the answer's JSON, or `{error: {code, message}}`
 */
export async function ask(url, method = "GET", body = undefined) {
  const file = body instanceof Blob;
  const type = file ? "application/octet-stream" : "application/json";
  const request = {
    method,
    headers: body === undefined ? spoken() : { ...spoken(), "Content-Type": type },
    body: file || body === undefined ? body : JSON.stringify(body),
    signal: file ? undefined : AbortSignal.timeout(PATIENCE),
  };
  try {
    const answer = await fetch(rooted(url), request);
    return read(answer.ok, answer.status, await answer.text());
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    return away(late);
  }
}

/**
 * Ask for a picture. @param {string} url @param {any} body
 * @returns {Promise<Answer>} `said` is the picture as a Blob, or `{error: {code, message}}`
 */
export async function askPicture(url, body) {
  const headers = { ...spoken(), "Content-Type": "application/json" };
  try {
    const answer = await fetch(rooted(url), { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) return read(false, answer.status, await answer.text());
    return { ok: true, status: answer.status, said: await answer.blob() };
  } catch {
    return away(false);
  }
}

/** No answer came. @param {boolean} late the wait was given up @returns {Answer} */
const away = (late) => ({
  ok: false,
  status: 0,
  said: failure("unreachable", unreachable(globalThis.navigator?.onLine !== false, late)),
});

/**
 * Send a file, told how much of it is sent: from 0 to 1.
 * @param {string} url @param {Blob} file @param {(share: number) => void} tell
 * @returns {Promise<Answer>}
 */
export function upload(url, file, tell) {
  const request = new XMLHttpRequest();
  return new Promise((done) => {
    request.open("POST", rooted(url));
    const headers = { ...spoken(), "Content-Type": "application/octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => tell(total ? loaded / total : 0));
    request.upload.addEventListener("load", () => tell(1));
    request.addEventListener("load", () => {
      const { status, responseText } = request;
      done(read(status >= 200 && status < 300, status, responseText));
    });
    request.addEventListener("error", () => done(away(false)));
    request.send(file);
  });
}

/** @param {boolean} ok @param {number} status @param {string} text @returns {Answer} */
function read(ok, status, text) {
  const said = parse(text);
  if (ok && (said !== undefined || !text)) return { ok, status, said };
  return { ok: false, status, said: failure(said?.error?.code ?? "refused", refused(status, said)) };
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} code @param {string} message @returns {Failure} */
const failure = (code, message) => ({ error: { code, message } });
