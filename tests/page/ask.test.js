import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ask } from "../../assets/web/page/ask.js";

/** @type {Record<string, [number, string, string]>} */
const ANSWERS = {
  "/good": [200, "application/json", '{"id": 1}'],
  "/empty": [204, "text/plain", ""],
  "/refused": [409, "application/json", '{"error": {"code": "none", "message": "nothing to undo"}}'],
  "/proxy": [413, "text/html", "<html>413 Request Entity Too Large</html>"],
  "/page": [200, "text/html", "<html>log in</html>"],
};
const server = createServer((request, response) => {
  const [status, type, body] = ANSWERS[request.url ?? ""];
  response.writeHead(status, { "Content-Type": type }).end(body);
});
let base = "";

before(async () => {
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  base = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
});
after(() => server.close());

test("an answer is given as it is", async () => {
  assert.deepEqual(await ask(`${base}/good`, "POST", { a: 1 }), { ok: true, status: 200, said: { id: 1 } });
  assert.equal((await ask(`${base}/empty`, "DELETE")).ok, true);
});

test("every failure has words, that of a proxy too", async () => {
  const refused = await ask(`${base}/refused`);
  assert.deepEqual([refused.ok, refused.said.error.message], [false, "nothing to undo"]);
  const proxy = await ask(`${base}/proxy`, "POST", new Blob(["x"]));
  assert.deepEqual([proxy.ok, proxy.status], [false, 413]);
  assert.match(proxy.said.error.message, /too large/);
  assert.equal((await ask(`${base}/page`)).ok, false);
});

test("no answer is an answer", async () => {
  const none = await ask("http://127.0.0.1:1/");
  assert.deepEqual([none.ok, none.status], [false, 0]);
  assert.ok(none.said.error.message);
});
