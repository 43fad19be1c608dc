import { Keeping } from "./keeping.js";
import { Meeting } from "./meeting.js";
import { Presence } from "./presence.js";

// What surrounds a document being edited: buttons, the dialog that adds a section, widths, keys.
export function frame(session) {
  const addDialog = document.getElementById("add");
  const stage = document.getElementById("stage");

  // What is offered, and where it goes: sections, or what slots of that kind hold.
  session.openAdd = (at, holds = "") => {
    session.addAt = at;
    const dialog = holds ? document.getElementById(`add-${holds}`) : addDialog;
    const filter = dialog.querySelector("[type=search]");
    if (filter) filter.value = "";
    filter?.dispatchEvent(new Event("input"));
    dialog.showModal();
    (filter ?? dialog.querySelector("[data-add]")).focus();
  };

  const acts = {
    add: () => session.openBeside(),
    rail: () => document.querySelector(".editor").classList.toggle("shows-rail"),
    theme: () => session.panel.load("theme"),
    copy: () => session.duplicate(session.panel.shown),
    delete: () => session.remove(session.panel.shown),
    clip: () => session.copy?.(),
    cut: () => session.cut?.(),
    paste: () => session.paste?.(),
  };

  function widen(button) {
    for (const one of document.querySelectorAll("[data-width]")) one.setAttribute("aria-pressed", String(one === button));
    stage.dataset.shown = button.dataset.width;
  }

  // Ctrl+C, X, V and D are about sections only where no words are meant: not in a field, and nothing marked.
  function clipboardKey(event, letter) {
    const marked = String(event.target.ownerDocument?.getSelection() ?? "");
    const act = { c: session.copy, x: session.cut, v: session.paste, d: session.duplicateChosen }[letter];
    if (!act || marked || document.querySelector("dialog[open]")) return false;
    act.call(session);
    return true;
  }

  function keys(event) {
    const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const command = event.ctrlKey || event.metaKey;
    const letter = command && !event.altKey && !event.target.closest?.("[data-own-undo]") ? event.key.toLowerCase() : "";
    // In words, Alt with an arrow walks through them on some systems.
    const arrow = event.altKey && !writing && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const onRail = event.target.closest?.("[data-row]") || (event.target.ownerDocument !== document && !writing);
    if (letter === "z") session[event.shiftKey ? "redo" : "undo"]();
    else if (letter === "y") session.redo();
    else if (letter && !writing && clipboardKey(event, letter)) event.preventDefault();
    else if (arrow) session.move(session.chosen, arrow);
    else if (event.key === "Delete" && !writing && !command && onRail) session.remove(session.chosen);
    else if (event.key === "/" && !writing && !command && !document.querySelector("dialog[open]")) session.openBeside();
    else if (event.key === "Escape" && session.rail.isDragging) session.rail.putBack();
    else return;
    event.preventDefault();
  }

  session.openBeside ??= () => session.openAdd();
  addDialog.parentElement.querySelectorAll("dialog:has([data-add])").forEach(dressPalette);
  document.getElementById("undo").addEventListener("click", () => session.undo());
  document.getElementById("redo").addEventListener("click", () => session.redo());
  document.addEventListener("click", (event) => {
    const added = event.target.closest("[data-add]");
    if (added) {
      added.closest("dialog").close();
      // On a phone the list stands over the settings of what is new.
      document.querySelector(".editor").classList.remove("shows-rail");
      session.add(added.dataset.add, added.dataset);
    }
    const width = event.target.closest("[data-width]");
    if (width) widen(width);
    acts[event.target.closest("[data-act]")?.dataset.act]?.();
  });
  document.addEventListener("keydown", keys);
  addEventListener("beforeunload", (event) => {
    if (session.unsaved) event.preventDefault();
  });
  // For documents in frames, whose keys don't reach this one.
  return keys;
}

// Once an editor is there: what the last window left is sent, others are met, and hear of this one.
export function begin(session) {
  session.meeting = new Meeting(session, document.getElementById("met"));
  session.keeping = new Keeping(session, session.settings);
  session.keeping.takeUp();
  session.presence = new Presence(session, document.getElementById("presence"));
  document.documentElement.dataset.ready = "yes";
}

// What may be added, in a dialog: its field narrows it down, Enter takes the first.
function dressPalette(dialog) {
  const filter = dialog.querySelector("[type=search]");
  filter?.addEventListener("input", () => {
    const words = filter.value.trim().toLowerCase();
    for (const item of dialog.querySelectorAll("[data-add]")) item.hidden = !item.textContent.toLowerCase().includes(words);
    for (const group of dialog.querySelectorAll("[data-add-group]")) {
      group.hidden = !group.querySelector("[data-add]:not([hidden])");
    }
  });
  filter?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    dialog.querySelector("[data-add]:not([hidden])")?.click();
  });
  // Arrows walk through the pictures; the first one is a step from the field.
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const item = event.target.closest("[data-add]");
    if (!by || (!item && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const items = [...dialog.querySelectorAll("[data-add]")].filter((each) => each.offsetParent);
    (items[items.indexOf(item) + by] ?? filter ?? item).focus();
  });
}
