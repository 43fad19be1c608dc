// What surrounds a document being edited: buttons, the dialog that adds a section, widths, keys.
export function frame(session) {
  const addDialog = document.getElementById("add");
  const filter = document.getElementById("add-filter");
  const stage = document.getElementById("stage");

  function openAdd() {
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
    addDialog.showModal();
    filter.focus();
  }

  const acts = {
    add: openAdd,
    rail: () => document.querySelector(".editor").classList.toggle("shows-rail"),
    theme: () => session.panel.load("theme"),
    copy: () => session.send({ op: "copy", block: session.panel.shown }, { soon: true, panel: "new" }),
    delete: () => session.send({ op: "delete", block: session.panel.shown }, { soon: true, panel: session.panel.shown }),
  };

  function widen(button) {
    for (const one of document.querySelectorAll("[data-width]")) one.setAttribute("aria-pressed", String(one === button));
    stage.dataset.shown = button.dataset.width;
  }

  function keys(event) {
    const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const command = event.ctrlKey || event.metaKey;
    const letter = command && !event.altKey && !event.target.closest?.("[data-own-undo]") ? event.key.toLowerCase() : "";
    const arrow = event.altKey && !event.target.matches?.("select") && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (letter === "z") session[event.shiftKey ? "redo" : "undo"]();
    else if (letter === "y") session.redo();
    else if (arrow) session.move(session.chosen, arrow);
    else if (event.key === "/" && !writing && !command && !document.querySelector("dialog[open]")) openAdd();
    else return;
    event.preventDefault();
  }

  filter.addEventListener("input", () => {
    const words = filter.value.trim().toLowerCase();
    for (const item of addDialog.querySelectorAll("[data-add]")) item.hidden = !item.textContent.toLowerCase().includes(words);
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    addDialog.querySelector("[data-add]:not([hidden])")?.click();
  });
  document.getElementById("undo").addEventListener("click", () => session.undo());
  document.getElementById("redo").addEventListener("click", () => session.redo());
  document.addEventListener("click", (event) => {
    const type = event.target.closest("[data-add]")?.dataset.add;
    if (type) {
      addDialog.close();
      session.add(type);
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
