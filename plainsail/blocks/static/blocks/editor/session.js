// A document being edited. The server holds it; this sends operations, shows what comes back, and never keeps a copy.
// Operations wait in a queue, leave one batch at a time, and stay there until the server has said yes.
import { PicturePicker } from "../../files/picker.js";
import { Panel } from "./panel.js";
import { Rail } from "./rail.js";
import "./own-colour.js";
import "./rich.js";

export const PAUSE = 350;
export const RETRY = 3000;

// A random UUID, also where the page came without TLS.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );
}

export class Session {
  // Answers after which nothing more can be saved from this window.
  final = new Set(["stale"]);

  constructor() {
    this.settings = document.getElementById("editor").dataset;
    this.saving = document.getElementById("saving");
    this.chosen = this.settings.chosen;
    this.revision = Number(this.settings.revision);
    this.queue = [];
    this.batches = [];
    this.busy = false;
    this.stopped = false;
    this.window = newId();
    this.panel = new Panel(this, document.getElementById("panel"), this.settings.panel);
    this.rail = new Rail(this, document.getElementById("sections"));
    this.pictures = new PicturePicker(document.getElementById("pictures"));
    addEventListener("online", () => this.flush());
  }

  // What an editor adds to `show`: its picture of the document.
  draw() {}

  get unsaved() {
    return this.unsent || this.busy;
  }

  get unsent() {
    return this.waiting.length > 0;
  }

  // What the server hasn't answered to yet, in its order.
  get waiting() {
    return [...this.batches.flatMap((batch) => batch.operations), ...this.queue];
  }

  say(state) {
    const words = this.saving.dataset[state] ?? "";
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(new Date());
    this.saving.textContent = words.replace("%(time)s", time);
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
    this.ahead(operation);
    this.keep();
    this.say("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), soon ? 0 : PAUSE);
  }

  // What is on its way stays as it was sent, under its name, until the server has answered: sent twice, it is made once.
  async flush() {
    clearTimeout(this.timer);
    if (this.stopped || !this.unsent) return;
    if (this.busy) return void (this.timer = setTimeout(() => this.flush(), 50));
    if (this.batches.length === 0) {
      this.batches.push({ token: newId(), revision: this.revision, operations: this.queue.splice(0, 50) });
    }
    this.keep();
    const [batch] = this.batches;
    const panel = (!batch.goesOn && this.wanted) || "";
    if (!batch.goesOn) this.wanted = undefined;
    const answer = await this.post(this.settings.edits, { ...batch, panel, window: this.window });
    const isParted = answer?.code && !this.final.has(answer.code) && batch.operations.length > 1;
    if (answer) {
      this.batches.shift();
      if (isParted) this.part(batch);
      this.keep();
    }
    if (answer && !isParted) this.show(answer, batch.operations);
    else if (panel) this.wanted ??= panel;
    if (this.unsaved) this.timer = setTimeout(() => this.flush(), answer ? 0 : RETRY);
    else if (answer) this.say(answer.code || this.panel.hasFault ? "refused" : "saved");
  }

  // One change that is refused doesn't take those with it that came along: each goes by itself, made upon those before it.
  part({ token, operations, ...batch }) {
    const alone = operations.map((operation) => ({ ...batch, token: newId(), operations: [operation], goesOn: true }));
    const tokens = alone.map((each) => each.token);
    alone.forEach((each, index) => (each.known = [...(batch.known ?? []), ...tokens.slice(0, index)]));
    alone.at(-1).goesOn = false;
    for (const later of this.batches) later.known = later.known?.flatMap((each) => (each === token ? tokens : each));
    this.batches.unshift(...alone);
  }

  // Operations that the server hasn't got yet, for a picture of the document that is ahead of it.
  pending(block) {
    return this.queue.filter((operation) => operation.op === "set" && operation.block === block);
  }

  // What an editor shows before the server has answered.
  ahead(operation) {
    this.rail.ahead(operation);
  }

  // Work outlives its window.
  keep() {
    this.keeping?.keep();
  }

  // What the server answered to JSON or a form, or undefined where it couldn't be reached.
  async post(url, body) {
    this.busy = true;
    const isForm = body instanceof FormData;
    const headers = { "X-CSRFToken": this.token, Accept: "application/json" };
    if (!isForm) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(url, { method: "POST", headers, body: isForm ? body : JSON.stringify(body) });
      if (response.redirected || response.status === 403) return void this.say("signedout");
      if (response.status >= 500) throw new Error(response.statusText);
      return await response.json();
    } catch {
      this.say("waiting");
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  // After signing in again, in another tab, there is a newer token than the one this page came with.
  get token() {
    return document.cookie.match(/(?:^|; )ps_csrf=([^;]+)/)?.[1] ?? this.settings.token;
  }

  show(answer, operations = []) {
    if (this.final.has(answer.code)) return this.stop(answer.message, operations);
    if (answer.code) this.rail.back();
    if (answer.code) return this.panel.refuse(answer, operations);
    this.panel.accept(operations);
    this.revision = answer.revision;
    document.getElementById("undo").disabled = !answer.undo;
    document.getElementById("redo").disabled = !answer.redo;
    if (answer.chosen && answer.chosen !== "theme") this.chosen = answer.chosen;
    if (!this.stands(this.chosen, answer)) this.chosen = answer.order[0] ?? "";
    if (answer.list) this.list(answer.list);
    else this.rail.choose(this.chosen);
    if (answer.panel) this.panel.show(answer.panel);
    else if (answer.chosen && !this.stands(answer.chosen, answer)) this.panel.load(this.chosen);
    this.draw(answer);
    if (answer.met?.length) this.meet(answer.met);
  }

  // Is it still in the document?
  stands(block, answer) {
    return answer.order.includes(block);
  }

  // The server's list, and on it what the server doesn't know of yet.
  list(html) {
    this.rail.show(html, this.chosen);
    for (const operation of this.waiting) this.rail.ahead(operation);
  }

  // A section that somebody else changed is shown as it is now, but not under the hands of who writes in its panel. What differs, the editor says.
  refreshPanel(answer) {
    const { shown, root } = this.panel;
    if (answer.panel || this.unsent || !this.differs(shown, answer) || root.contains(document.activeElement)) return;
    this.panel.load(shown);
  }

  // Changes that met somebody else's come back.
  meet(met) {
    this.meeting.show(met);
  }

  stop(message, operations = []) {
    const lost = [...operations, ...this.waiting];
    this.stopped = true;
    this.queue = [];
    this.batches = [];
    this.keep();
    document.getElementById("stale-message").textContent = message;
    const mine = document.getElementById("stale-mine");
    if (mine) {
      mine.value = lost.filter((operation) => operation.op === "set" && typeof operation.value === "string")
        .map((operation) => operation.value.replace(/<[^>]+>/g, " ")).join("\n\n");
      mine.closest(".field").hidden = !mine.value;
    }
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
      if (["waiting", "signedout"].includes(this.saving.dataset.state)) return false;
    }
    return !this.stopped;
  }

  async step(url) {
    document.activeElement?.blur?.();
    if (!(await this.settle())) return;
    this.say("saving");
    const answer = await this.post(url, { revision: this.revision, panel: this.panel.shown ?? this.chosen });
    if (!answer) return;
    if (answer.code && !this.final.has(answer.code)) return void (this.saving.textContent = answer.message);
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
    const at = this.addAt ?? this.rail.indexOf(this.chosen) + 1;
    this.addAt = undefined;
    this.send({ op: "add", type, at }, { soon: true, panel: "new" });
  }

  move(block, by) {
    const to = this.rail.indexOf(block) + by;
    if (to < 0 || to >= this.rail.length) return;
    this.send({ op: "move", block, to }, { soon: true });
    this.announce("moved", { name: this.rail.name(block), at: to + 1, of: this.rail.length });
  }

  // The section, and all that are chosen with it.
  together(block) {
    const selected = this.rail.selected;
    return selected.includes(block) ? selected : [block];
  }

  duplicate(block) {
    for (const each of this.together(block)) this.send({ op: "copy", block: each }, { soon: true, panel: "new" });
  }

  duplicateChosen() {
    this.duplicate(this.chosen);
  }

  remove(block) {
    for (const each of this.together(block)) this.send({ op: "delete", block: each }, { soon: true, panel: this.panel.shown });
  }

  // Said to those who don't see it: words of the editor's own, or one of its sentences with what is filled in.
  announce(sentence, values = {}) {
    const place = document.getElementById("announced");
    if (!place) return;
    const words = place.dataset[sentence] ?? sentence;
    place.textContent = words.replace(/%\((\w+)\)s/g, (_hole, name) => values[name] ?? "");
  }
}
