// @ts-check
// One connection that comes back by itself and then says again what is wanted.

import { language } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";

const PAUSES = [500, 1000, 2000, 4000, 8000]; // ms before each try to connect again

export class Feed {
  /** @param {string} world @param {(message: any) => void} hear */
  constructor(world, hear) {
    this.url = `${location.origin.replace(/^http/, "ws")}${rooted(`/worlds/${world}/feed?lang=${language}`)}`;
    this.hear = hear;
    /** @type {Tile[]} */
    this.wanted = [];
    this.failures = 0;
    this.over = false;
    this.socket = this.connect();
    window.addEventListener("online", () => this.retry());
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.onopen = () => {
      this.failures = 0;
      this.hear({ event: "online" });
      this.send();
    };
    socket.onmessage = (message) => this.hear(JSON.parse(message.data));
    socket.onclose = () => {
      if (this.over) return;
      this.hear({ event: "offline" });
      const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)];
      this.timer = setTimeout(() => {
        this.socket = this.connect();
      }, pause);
    };
    return socket;
  }

  /** The network is back: no need to wait for the next try. */
  retry() {
    if (this.over || this.socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.socket = this.connect();
  }

  /** The world is gone: there is nothing to come back for. */
  end() {
    this.over = true;
    this.socket.close();
  }

  /** @param {Tile[]} tiles */
  want(tiles) {
    this.wanted = tiles;
    this.send();
  }

  send() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ want: this.wanted }));
  }
}
