// Mails of a sequence in another order: dragged by the grip with mouse, pen or finger, or moved with arrow keys on it. Each move
// sends the form that says the whole order.
const rows = () => [...document.querySelectorAll("#sequence [data-mail]")];
let dragged;

function send(order) {
  const form = document.getElementById("sequence-order");
  form.elements.order.value = order.join(",");
  form.requestSubmit();
}

function order() {
  return rows().map((row) => row.dataset.mail);
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-grip]")?.closest("[data-mail]");
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!row || !by) return;
  event.preventDefault();
  const all = order();
  const from = all.indexOf(row.dataset.mail);
  const to = from + by;
  if (to < 0 || to >= all.length) return;
  all.splice(to, 0, ...all.splice(from, 1));
  send(all);
});

// The row that the pointer is over gives way; where it is let go the list is sent as it stands.
document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button !== 0) return;
  dragged = { row: grip.closest("[data-mail]"), before: order().join() };
  grip.setPointerCapture(event.pointerId);
  dragged.row.classList.add("is-dragged");
});
document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  for (const row of rows()) {
    const box = row.getBoundingClientRect();
    if (row === dragged.row || event.clientY < box.top || event.clientY > box.bottom) continue;
    const isBelow = event.clientY > box.top + box.height / 2;
    row.insertAdjacentElement(isBelow ? "afterend" : "beforebegin", dragged.row);
    break;
  }
});
function drop() {
  if (!dragged) return;
  dragged.row.classList.remove("is-dragged");
  const isMoved = order().join() !== dragged.before;
  dragged = undefined;
  if (isMoved) send(order());
}
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", drop);
