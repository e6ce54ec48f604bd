// @ts-check
// Work of which only the newest wish counts: one is worked on at a time, and what is wished meanwhile
// replaces what waited.

/** @template Wish */
export class Latest {
  /** @param {(wish: Wish) => Promise<void>} work */
  constructor(work) {
    this.work = work;
    /** @type {{wish: Wish} | null} */
    this.next = null;
    this.busy = false;
  }

  /** @param {Wish} wish */
  async want(wish) {
    this.next = { wish };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.next) {
        const { wish } = this.next;
        this.next = null;
        await this.work(wish);
      }
    } finally {
      this.busy = false;
    }
  }
}
