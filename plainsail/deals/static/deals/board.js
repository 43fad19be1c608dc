// Dragging a card onto a stage presses the entry of its own “Move to” menu: mouse, keyboard and no script take one way.
let dragged;

function columnOf(event) {
  return dragged && event.target.closest?.(".deal-column");
}

function mark(column) {
  for (const one of document.querySelectorAll(".deal-column.is-over")) one.classList.toggle("is-over", one === column);
  column?.classList.add("is-over");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-deal]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
  dragged.classList.add("is-dragged");
});

document.addEventListener("dragover", (event) => {
  const column = columnOf(event);
  if (dragged) mark(column);
  if (column) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const column = columnOf(event);
  if (!column) return;
  event.preventDefault();
  dragged.querySelector(`[data-to="${column.dataset.stage}"]`)?.click();
});

document.addEventListener("dragend", () => {
  mark(null);
  dragged?.classList.remove("is-dragged");
  dragged = undefined;
});

// After a move the board is drawn anew: the focus stays with the card that was moved.
let moved;
document.addEventListener("htmx:before:swap", () => {
  moved = document.activeElement?.closest("[data-deal]")?.id ?? moved;
  // Where a menu was placed is written on it; htmx would carry that over as an attribute, which the policy forbids.
  for (const panel of document.querySelectorAll(".menu-panel[style]")) panel.removeAttribute("style");
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-to]")) moved = event.target.closest("[data-deal]")?.id;
});
document.addEventListener("htmx:after:swap", () => {
  const button = moved && document.querySelector(`#${CSS.escape(moved)} [popovertarget]`);
  if (button && document.activeElement === document.body) button.focus({ preventScroll: false });
  moved = undefined;
});
