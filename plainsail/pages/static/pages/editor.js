// The editor. The server holds the document; this sends operations, shows what comes back, and never keeps a copy.
// Operations wait in a queue, leave one batch at a time, and stay there until the server has said yes.
import { Stage } from "./stage.js";
import { Rail } from "./rail.js";
import { Panel } from "./panel.js";
import "./rich.js";

const PAUSE = 350;
const RETRY = 3000;
const settings = document.getElementById("editor").dataset;
const saving = document.getElementById("saving");
const undoButton = document.getElementById("undo");
const redoButton = document.getElementById("redo");
const publishButton = document.getElementById("publish");

const editor = {
  chosen: settings.chosen,
  revision: Number(settings.revision),
  queue: [],
  busy: false,
  stopped: false,

  // A later value for the same setting replaces the one that still waits.
  send(operation, { soon = false, panel = "" } = {}) {
    const last = this.queue.at(-1);
    const same = last && operation.op === "set" && last.op === "set" && last.block === operation.block
      && last.path.join() === operation.path.join();
    if (same) last.value = operation.value;
    else this.queue.push(operation);
    if (panel) this.wanted = panel;
    say("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), soon ? 0 : PAUSE);
  },

  async flush() {
    clearTimeout(this.timer);
    if (this.busy || this.stopped || this.queue.length === 0) return;
    const operations = this.queue.splice(0, 50);
    const panel = this.wanted ?? "";
    this.wanted = undefined;
    const answer = await this.post(settings.edits, { revision: this.revision, operations, panel });
    if (answer === undefined) {
      this.queue.unshift(...operations);
      this.wanted ??= panel;
    } else this.show(answer, operations);
    if (this.queue.length > 0) this.timer = setTimeout(() => this.flush(), answer ? 0 : RETRY);
    else if (answer) say(answer.code ? "refused" : "saved");
  },

  // What the server answered, or undefined where it couldn't be reached.
  async post(url, body) {
    this.busy = true;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": settings.token, Accept: "application/json" },
        body: JSON.stringify(body),
      });
      if (response.status >= 500) throw new Error(response.statusText);
      return await response.json();
    } catch {
      say("waiting");
      return undefined;
    } finally {
      this.busy = false;
    }
  },

  show(answer, operations = []) {
    if (answer.code === "stale") return this.stop(answer.message);
    if (answer.code) return panel.refuse(answer, operations);
    panel.accept(operations);
    this.revision = answer.revision;
    undoButton.disabled = !answer.undo;
    redoButton.disabled = !answer.redo;
    document.getElementById("state").innerHTML = answer.badge;
    if (answer.chosen && answer.chosen !== "theme") this.chosen = answer.chosen;
    if (!answer.order.includes(this.chosen)) this.chosen = answer.order[0] ?? "";
    if (answer.list) rail.show(answer.list, this.chosen);
    if (answer.panel) panel.show(answer.panel);
    else if (answer.chosen && !answer.order.includes(answer.chosen)) panel.load(this.chosen);
    if (answer.reload) stage.reload(this.chosen);
    else stage.show(answer, this.chosen);
  },

  stop(message) {
    this.stopped = true;
    this.queue = [];
    document.getElementById("stale-message").textContent = message;
    document.getElementById("stale").showModal();
  },

  choose(block, { scroll = true, load = true } = {}) {
    this.chosen = block;
    rail.choose(block);
    stage.choose(block, scroll);
    if (load) return panel.load(block);
  },

  // Everything that waits is saved first: undo, redo and publish act on what one sees.
  async settle() {
    while ((this.queue.length > 0 || this.busy) && !this.stopped) {
      await this.flush();
      await new Promise((go) => setTimeout(go, 30));
      if (saving.textContent === saving.dataset.waiting) return false;
    }
    return !this.stopped;
  },

  async step(url) {
    document.activeElement?.blur?.();
    if (!(await this.settle())) return;
    say("saving");
    const answer = await this.post(url, { revision: this.revision, panel: panel.shown ?? this.chosen });
    if (!answer) return;
    if (answer.code && answer.code !== "stale") return say("saved");
    this.show(answer);
    say("saved");
  },

  add(type) {
    const at = rail.indexOf(this.chosen) + 1;
    this.send({ op: "add", type, at }, { soon: true, panel: "new" });
  },

  move(block, by) {
    const to = rail.indexOf(block) + by;
    if (to < 0 || to >= rail.length) return;
    this.send({ op: "move", block, to }, { soon: true });
  },
};

function say(state) {
  saving.textContent = saving.dataset[state] ?? "";
  saving.dataset.state = state;
}

const panel = new Panel(editor, document.getElementById("panel"), settings.panel);
const rail = new Rail(editor, document.getElementById("sections"));
const stage = new Stage(editor, document.getElementById("stage"), panel);

undoButton.addEventListener("click", () => editor.step(settings.undo));
redoButton.addEventListener("click", () => editor.step(settings.redo));

publishButton.addEventListener("click", async () => {
  publishButton.disabled = true;
  const ready = await editor.settle();
  const answer = ready && (await editor.post(settings.publish, {}));
  publishButton.disabled = false;
  if (!answer) return;
  if (answer.code === "stale") return editor.stop(answer.message);
  if (answer.code) return void (saving.textContent = answer.message);
  editor.revision = answer.revision;
  document.getElementById("state").innerHTML = answer.badge;
  say("saved");
  document.getElementById("published").showModal();
});

const addDialog = document.getElementById("add");
const filter = document.getElementById("add-filter");
filter.addEventListener("input", () => {
  const words = filter.value.trim().toLowerCase();
  for (const item of addDialog.querySelectorAll("[data-add]")) {
    item.hidden = !item.textContent.toLowerCase().includes(words);
  }
});
filter.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  addDialog.querySelector("[data-add]:not([hidden])")?.click();
});

function openAdd() {
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  addDialog.showModal();
  filter.focus();
}

document.addEventListener("click", (event) => {
  const adds = event.target.closest("[data-add]");
  if (adds) {
    addDialog.close();
    editor.add(adds.dataset.add);
  }
  const width = event.target.closest("[data-width]");
  if (width) {
    for (const button of document.querySelectorAll("[data-width]")) {
      button.setAttribute("aria-pressed", String(button === width));
    }
    stage.frame.dataset.shown = width.dataset.width;
  }
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "add") openAdd();
  if (act === "rail") document.querySelector(".editor").classList.toggle("shows-rail");
  if (act === "theme") panel.load("theme");
  if (act === "copy") editor.send({ op: "copy", block: panel.shown }, { soon: true, panel: "new" });
  if (act === "delete") editor.send({ op: "delete", block: panel.shown }, { soon: true, panel: panel.shown });
});

// The same keys work in the frame: see stage.js.
export function keys(event) {
  const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    editor.step(event.shiftKey ? settings.redo : settings.undo);
  } else if (command && event.key.toLowerCase() === "y") {
    event.preventDefault();
    editor.step(settings.redo);
  } else if (event.altKey && !event.target.matches?.("select") && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    editor.move(editor.chosen, event.key === "ArrowUp" ? -1 : 1);
  } else if (event.key === "/" && !writing && !command && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    openAdd();
  }
}
document.addEventListener("keydown", keys);
stage.start(keys);
document.documentElement.dataset.ready = "yes";

addEventListener("beforeunload", (event) => {
  if (editor.queue.length > 0 || editor.busy) event.preventDefault();
});
