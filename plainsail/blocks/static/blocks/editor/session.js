// A document being edited. The server holds it; this sends operations, shows what comes back, and never keeps a copy.
// Operations wait in a queue, leave one batch at a time, and stay there until the server has said yes.
import { Panel } from "./panel.js";
import { Rail } from "./rail.js";
import "./own-colour.js";
import "./rich.js";

export const PAUSE = 350;
export const RETRY = 3000;

export class Session {
  // Answers after which nothing more can be saved from this window.
  final = new Set(["stale"]);

  constructor() {
    this.settings = document.getElementById("editor").dataset;
    this.saving = document.getElementById("saving");
    this.chosen = this.settings.chosen;
    this.revision = Number(this.settings.revision);
    this.queue = [];
    this.busy = false;
    this.stopped = false;
    this.panel = new Panel(this, document.getElementById("panel"), this.settings.panel);
    this.rail = new Rail(this, document.getElementById("sections"));
  }

  // What an editor adds to `show`: its picture of the document.
  draw() {}

  get unsaved() {
    return this.queue.length > 0 || this.busy;
  }

  say(state) {
    this.saving.textContent = this.saving.dataset[state] ?? "";
    this.saving.dataset.state = state;
  }

  // A later value for the same setting replaces the one that still waits.
  send(operation, { soon = false, panel = "" } = {}) {
    const last = this.queue.at(-1);
    const same = last?.op === "set" && operation.op === "set" && last.block === operation.block
      && last.path.join() === operation.path.join();
    if (same) last.value = operation.value;
    else this.queue.push(operation);
    if (panel) this.wanted = panel;
    this.say("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), soon ? 0 : PAUSE);
  }

  async flush() {
    clearTimeout(this.timer);
    if (this.stopped || this.queue.length === 0) return;
    if (this.busy) return void (this.timer = setTimeout(() => this.flush(), 50));
    const operations = this.queue.splice(0, 50);
    const panel = this.wanted ?? "";
    this.wanted = undefined;
    const answer = await this.post(this.settings.edits, { revision: this.revision, operations, panel });
    if (answer === undefined) {
      this.queue.unshift(...operations);
      this.wanted ??= panel;
    } else this.show(answer, operations);
    if (this.queue.length > 0) this.timer = setTimeout(() => this.flush(), answer ? 0 : RETRY);
    else if (answer) this.say(answer.code ? "refused" : "saved");
  }

  // What the server answered to JSON or a form, or undefined where it couldn't be reached.
  async post(url, body) {
    this.busy = true;
    const isForm = body instanceof FormData;
    const headers = { "X-CSRFToken": this.settings.token, Accept: "application/json" };
    if (!isForm) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(url, { method: "POST", headers, body: isForm ? body : JSON.stringify(body) });
      if (response.status >= 500) throw new Error(response.statusText);
      return await response.json();
    } catch {
      this.say("waiting");
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  show(answer, operations = []) {
    if (this.final.has(answer.code)) return this.stop(answer.message);
    if (answer.code) return this.panel.refuse(answer, operations);
    this.panel.accept(operations);
    this.revision = answer.revision;
    document.getElementById("undo").disabled = !answer.undo;
    document.getElementById("redo").disabled = !answer.redo;
    if (answer.chosen && answer.chosen !== "theme") this.chosen = answer.chosen;
    if (!answer.order.includes(this.chosen)) this.chosen = answer.order[0] ?? "";
    if (answer.list) this.rail.show(answer.list, this.chosen);
    if (answer.panel) this.panel.show(answer.panel);
    else if (answer.chosen && !answer.order.includes(answer.chosen)) this.panel.load(this.chosen);
    this.draw(answer);
  }

  stop(message) {
    this.stopped = true;
    this.queue = [];
    document.getElementById("stale-message").textContent = message;
    document.getElementById("stale").showModal();
  }

  choose(block) {
    this.chosen = block;
    this.rail.choose(block);
    return this.panel.load(block);
  }

  // Everything that waits is saved first: undo, redo and publish act on what one sees.
  async settle() {
    while (this.unsaved && !this.stopped) {
      await this.flush();
      await new Promise((go) => setTimeout(go, 30));
      if (this.saving.dataset.state === "waiting") return false;
    }
    return !this.stopped;
  }

  async step(url) {
    document.activeElement?.blur?.();
    if (!(await this.settle())) return;
    this.say("saving");
    const answer = await this.post(url, { revision: this.revision, panel: this.panel.shown ?? this.chosen });
    if (!answer) return;
    if (answer.code && !this.final.has(answer.code)) return this.say("saved");
    this.show(answer);
    this.say("saved");
  }

  undo() {
    return this.step(this.settings.undo);
  }

  redo() {
    return this.step(this.settings.redo);
  }

  add(type) {
    this.send({ op: "add", type, at: this.rail.indexOf(this.chosen) + 1 }, { soon: true, panel: "new" });
  }

  move(block, by) {
    const to = this.rail.indexOf(block) + by;
    if (to >= 0 && to < this.rail.length) this.send({ op: "move", block, to }, { soon: true });
  }
}
