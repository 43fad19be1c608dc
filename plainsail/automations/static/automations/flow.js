// Keys of the flow (see the dialog “Keys”), and the focus after an exchange. A key presses what could be pressed with a mouse.
const screen = () => document.getElementById("flow");
const boxes = () => [...document.querySelectorAll(".flow-canvas .node, .flow-canvas .plus")];
const isWriting = (target) => target.closest("input, textarea, select, dialog, [contenteditable]");
let wanted;

function send(address, values = {}) {
  const form = document.getElementById("flow-key");
  if (!form) return;
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  htmx.ajax("POST", screen().dataset.url + address, { source: form, target: "#flow", swap: "outerHTML" });
}

function nearest(box, step) {
  const all = boxes();
  return all[all.indexOf(box) + step];
}

// The place below a box, and the one that a place is.
function below(box) {
  if (box.classList.contains("plus")) return box;
  const all = boxes();
  return all.slice(all.indexOf(box)).find((one) => one.classList.contains("plus"));
}

function sideways(box, step) {
  const way = box.closest(".flow-branch");
  const there = step > 0 ? way?.nextElementSibling : way?.previousElementSibling;
  return there?.querySelector(".node, .plus");
}

const ARROWS = {
  ArrowUp: (box) => nearest(box, -1),
  ArrowDown: (box) => nearest(box, 1),
  ArrowLeft: (box) => sideways(box, -1),
  ArrowRight: (box) => sideways(box, 1),
};

function remove(box) {
  const step = box.dataset.step;
  if (!step || step === "trigger") return;
  wanted = nearest(box, -2)?.id ?? "node-trigger";
  send(`steps/${step}/removal/`);
}

function paste(box) {
  const place = below(box)?.dataset;
  if (place) send("steps/", { parent: place.parent, branch: place.branch, index: place.index });
}

function pressed(event, box) {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (ARROWS[event.key] && !control) return () => ARROWS[event.key](box)?.focus();
  if (event.key === "Enter" && box.classList.contains("is-chosen")) return () => intoPanel();
  if (event.key === "+" && !control) return () => below(box)?.click();
  if (event.key === "Delete" || event.key === "Backspace") return () => remove(box);
  const step = box.dataset.step;
  if (control && key === "c" && step && step !== "trigger" && getSelection().isCollapsed) return () => send(`steps/${step}/copy/`);
  if (control && key === "v") return () => paste(box);
  return undefined;
}

function intoPanel() {
  document.querySelector("#panel :is(input:not([type=hidden]), select, textarea, button)")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (!screen() || isWriting(event.target)) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (control && (key === "z" || key === "y")) {
    event.preventDefault();
    const which = key === "y" || event.shiftKey ? "redo" : "undo";
    document.querySelector(`#${which} button:not(:disabled)`)?.click();
    return;
  }
  const box = event.target.closest(".node, .plus");
  const action = box && pressed(event, box);
  if (!action) return;
  event.preventDefault();
  action();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.target.closest("dialog, [popover]")) document.getElementById("close-panel")?.click();
});

let kept;
document.addEventListener("htmx:before:swap", () => {
  const canvas = document.querySelector(".flow-canvas");
  const box = document.activeElement?.closest("#flow :is(.node, .plus, #who, #sequence [id], .sequence-add [id])");
  // Where a menu was placed is written on it; htmx would carry that over as an attribute, which the policy forbids.
  for (const placed of document.querySelectorAll("#flow [id][style]")) placed.removeAttribute("style");
  kept = { top: canvas?.scrollTop, left: canvas?.scrollLeft, focused: box?.id, caret: document.activeElement?.selectionStart };
});
document.addEventListener("htmx:after:swap", () => {
  if (!screen() || !kept) return;
  const canvas = document.querySelector(".flow-canvas");
  canvas?.dispatchEvent(new CustomEvent("flow:drawn", { bubbles: true }));
  canvas?.scrollTo(kept.left ?? 0, kept.top ?? 0);
  const chosen = document.querySelector(".node.is-chosen");
  const focused = document.getElementById(wanted ?? kept.focused ?? "");
  wanted = undefined;
  chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  (focused ?? (document.activeElement === document.body ? chosen : null))?.focus({ preventScroll: true });
  if (focused?.id === "who") focused.setSelectionRange(kept.caret, kept.caret);
});

// The numbers follow quietly while the screen is looked at.
const EVERY = 10_000;
setInterval(async () => {
  if (screen()?.dataset.counts === undefined || document.hidden) return;
  const answer = await fetch(`${screen().dataset.url}counts/`, { headers: { Accept: "application/json" } }).catch(() => undefined);
  if (!answer?.ok) return;
  const { steps } = await answer.json();
  for (const [id, numbers] of Object.entries(steps)) {
    const node = document.getElementById(`node-${id}`);
    for (const [name, value] of Object.entries(numbers)) {
      const place = node?.querySelector(`[data-live="${name}"]`);
      if (!place) continue;
      place.textContent = typeof value === "number" ? value.toLocaleString(document.documentElement.lang) : value;
      const badge = place.closest(".node-count");
      if (badge) badge.hidden = !value;
    }
  }
}, EVERY);
