// The mail editor. The server holds the document; this sends operations and shows what comes back. The list, the panel and
// rich text are the page editor's; the mail in the frame is always rendered by the server, as a reader gets it.
import { Rail } from "../pages/rail.js";
import { Panel } from "../pages/panel.js";
import "../pages/rich.js";

const PAUSE = 350;
const RETRY = 3000;
const settings = document.getElementById("editor").dataset;
const saving = document.getElementById("saving");
const undoButton = document.getElementById("undo");
const redoButton = document.getElementById("redo");
const frame = document.getElementById("stage");
const envelope = document.getElementById("envelope");

const editor = {
  chosen: settings.chosen,
  revision: Number(settings.revision),
  queue: [],
  busy: false,
  stopped: false,

  // A later value for the same setting replaces the one that still waits.
  send(operation, { soon = false, panel = "" } = {}) {
    const last = this.queue.at(-1);
    const same = last?.op === "set" && operation.op === "set" && last.block === operation.block
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
    const panelOf = this.wanted ?? "";
    this.wanted = undefined;
    const answer = await this.post(settings.edits, { revision: this.revision, operations, panel: panelOf });
    if (answer === undefined) {
      this.queue.unshift(...operations);
      this.wanted ??= panelOf;
    } else this.show(answer, operations);
    if (this.queue.length > 0) this.timer = setTimeout(() => this.flush(), answer ? 0 : RETRY);
    else if (answer) say(answer.code ? "refused" : "saved");
  },

  // What the server answered, or undefined where it couldn't be reached.
  async post(url, body) {
    this.busy = true;
    const form = body instanceof FormData;
    const headers = { "X-CSRFToken": settings.token, Accept: "application/json" };
    if (!form) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(url, { method: "POST", headers, body: form ? body : JSON.stringify(body) });
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
    if (answer.code === "stale" || answer.code === "on_its_way") return this.stop(answer.message);
    if (answer.code) return panel.refuse(answer, operations);
    panel.accept(operations);
    this.revision = answer.revision;
    undoButton.disabled = !answer.undo;
    redoButton.disabled = !answer.redo;
    if (answer.chosen && answer.chosen !== "theme") this.chosen = answer.chosen;
    if (!answer.order.includes(this.chosen)) this.chosen = answer.order[0] ?? "";
    rail.show(answer.list, this.chosen);
    if (answer.panel) panel.show(answer.panel);
    else if (answer.chosen && !answer.order.includes(answer.chosen)) panel.load(this.chosen);
    refresh();
  },

  stop(message) {
    this.stopped = true;
    this.queue = [];
    document.getElementById("stale-message").textContent = message;
    document.getElementById("stale").showModal();
  },

  choose(block) {
    this.chosen = block;
    rail.choose(block);
    return panel.load(block);
  },

  async settle() {
    clearTimeout(headTimer);
    if (headChanged) await sendHead();
    while ((this.queue.length > 0 || this.busy) && !this.stopped) {
      await this.flush();
      await new Promise((go) => setTimeout(go, 30));
      if (saving.dataset.state === "waiting") return false;
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

  move(block, by) {
    const to = rail.indexOf(block) + by;
    if (to >= 0 && to < rail.length) this.send({ op: "move", block, to }, { soon: true });
  },
};

function say(state) {
  saving.textContent = saving.dataset[state] ?? "";
  saving.dataset.state = state;
}

// The mail anew, without a flash and where one was reading.
let asked;
async function refresh() {
  const ask = (asked = Symbol("mail"));
  const response = await fetch(frame.src);
  const page = frame.contentDocument;
  if (!response.ok || ask !== asked || !page) return;
  // The frame's own parser: this document's policy forbids the style attributes that a mail needs, the frame's allows them.
  const fresh = new frame.contentWindow.DOMParser().parseFromString(await response.text(), "text/html");
  const top = frame.contentWindow.scrollY;
  page.head.replaceChildren(...fresh.head.childNodes);
  page.body.replaceWith(fresh.body);
  frame.contentWindow.scrollTo(0, top);
}

const panel = new Panel(editor, document.getElementById("panel"), settings.panel);
const rail = new Rail(editor, document.getElementById("sections"));

undoButton.addEventListener("click", () => editor.step(settings.undo));
redoButton.addEventListener("click", () => editor.step(settings.redo));

// Subject and preview text stand apart from the sections, and save by themselves.
let headTimer;
let headChanged = false;
async function sendHead() {
  while (editor.busy) await new Promise((go) => setTimeout(go, 30));
  headChanged = false;
  const body = new FormData();
  for (const input of envelope.querySelectorAll("input")) body.set(input.name, input.value);
  const answer = await editor.post(envelope.dataset.url, body);
  if (!answer) {
    headChanged = true;
    headTimer = setTimeout(sendHead, RETRY);
  } else if (answer.code === "on_its_way") editor.stop(answer.message);
  else if (answer.code) saving.textContent = answer.message;
  else {
    editor.revision = answer.revision;
    say("saved");
  }
}
envelope.addEventListener("input", () => {
  document.getElementById("name").textContent = envelope.querySelector("#subject").value || settings.nameless;
  headChanged = true;
  say("saving");
  clearTimeout(headTimer);
  headTimer = setTimeout(sendHead, PAUSE);
});

// Leaving for the next step takes along what is still being saved.
document.getElementById("next").addEventListener("click", async (event) => {
  if (!headChanged && editor.queue.length === 0 && !editor.busy) return;
  event.preventDefault();
  const to = event.currentTarget.href;
  if (await editor.settle()) location.assign(to);
});

const addDialog = document.getElementById("add");
const filter = document.getElementById("add-filter");
filter.addEventListener("input", () => {
  const words = filter.value.trim().toLowerCase();
  for (const item of addDialog.querySelectorAll("[data-add]")) item.hidden = !item.textContent.toLowerCase().includes(words);
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
  const type = event.target.closest("[data-add]")?.dataset.add;
  if (type) {
    addDialog.close();
    editor.send({ op: "add", type, at: rail.indexOf(editor.chosen) + 1 }, { soon: true, panel: "new" });
  }
  const width = event.target.closest("[data-width]");
  if (width) {
    for (const button of document.querySelectorAll("[data-width]")) button.setAttribute("aria-pressed", String(button === width));
    frame.dataset.shown = width.dataset.width;
  }
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "add") openAdd();
  if (act === "rail") document.querySelector(".editor").classList.toggle("shows-rail");
  if (act === "theme") panel.load("theme");
  if (act === "copy") editor.send({ op: "copy", block: panel.shown }, { soon: true, panel: "new" });
  if (act === "delete") editor.send({ op: "delete", block: panel.shown }, { soon: true, panel: panel.shown });
});

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && event.key.toLowerCase() === "z" && !event.target.closest?.(".envelope")) {
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
});

addEventListener("beforeunload", (event) => {
  if (editor.queue.length > 0 || editor.busy || headChanged) event.preventDefault();
});
document.documentElement.dataset.ready = "yes";
