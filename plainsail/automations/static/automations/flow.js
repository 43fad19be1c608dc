// Keys of the flow: arrows go from box to box, Escape closes the panel, Ctrl+Z undoes. After an exchange the focus stays.
function boxes() {
  return [...document.querySelectorAll(".flow-canvas .node, .flow-canvas .plus")];
}

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, textarea, select, dialog");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !writing) {
    event.preventDefault();
    document.querySelector("#undo button:not(:disabled)")?.click();
  }
  if (event.key === "Escape" && !event.target.closest("dialog")) document.getElementById("close-panel")?.click();
  const box = event.target.closest(".node, .plus");
  if (!box || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const all = boxes();
  all[all.indexOf(box) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
});

let kept;
document.addEventListener("htmx:before:swap", () => {
  const canvas = document.querySelector(".flow-canvas");
  kept = { top: canvas?.scrollTop, left: canvas?.scrollLeft, focused: document.activeElement?.id };
});
document.addEventListener("htmx:after:swap", () => {
  const canvas = document.querySelector(".flow-canvas");
  if (canvas && kept) canvas.scrollTo(kept.left ?? 0, kept.top ?? 0);
  const chosen = document.querySelector(".node.is-chosen");
  chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (kept?.focused) document.getElementById(kept.focused)?.focus({ preventScroll: true });
  if (document.activeElement === document.body) chosen?.focus({ preventScroll: true });
});
