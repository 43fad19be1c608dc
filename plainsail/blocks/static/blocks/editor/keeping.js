// Work that the server hasn't got yet, kept in the browser: a reload, a crash or a closed lid loses nothing.
// Each window keeps its own; what a window left that isn't there any more is taken up by the next one.
import { newId } from "./session.js";

const SPACE = "plainsail.unsaved";

export class Keeping {
  constructor(session, { document: name, person }) {
    this.session = session;
    this.space = `${SPACE}:${person}:${name}:`;
    this.key = this.space + session.window;
    // As long as this lock is held, nobody takes up what stands under its name.
    navigator.locks?.request(this.key, () => new Promise(() => {}));
  }

  keep() {
    const { queue, batches, revision } = this.session;
    try {
      if (this.session.unsent) localStorage.setItem(this.key, JSON.stringify({ queue, batches, revision }));
      else localStorage.removeItem(this.key);
    } catch {
      // No room, or not allowed: then it is as it was without.
    }
  }

  // What other windows left behind is sent from here, as it was made: on its revision, under its name.
  async takeUp() {
    const held = new Set((await navigator.locks?.query())?.held?.map((lock) => lock.name) ?? []);
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(this.space))) {
      if (key === this.key || held.has(key)) continue;
      const { queue, batches, revision } = JSON.parse(localStorage.getItem(key));
      const left = [...batches];
      for (let at = 0; at < queue.length; at += 50) {
        // Made upon what was on its way, whose answers never came.
        const known = left.map((batch) => batch.token);
        left.push({ token: newId(), revision: left[0]?.revision ?? revision, operations: queue.slice(at, at + 50), known });
      }
      this.session.batches.push(...left);
      this.keep();
      localStorage.removeItem(key);
    }
    this.session.flush();
  }
}
