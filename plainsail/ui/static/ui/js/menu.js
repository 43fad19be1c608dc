// Menus are popovers, so the browser opens, closes and layers them. This places one beside its button and adds the arrow keys.
const GAP = 6;
const ITEMS = "a[href], button:not(:disabled)";

function place(panel) {
  const button = document.querySelector(`[popovertarget="${panel.id}"]`);
  if (!button || panel.matches(".sheet")) return;
  const box = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const fitsBelow = box.bottom + GAP + height <= innerHeight || box.top < height + GAP;
  const end = panel.dataset.align === "end" ? box.right - width : box.left;
  panel.style.left = `${Math.max(GAP, Math.min(end, innerWidth - width - GAP))}px`;
  panel.style.top = `${fitsBelow ? Math.min(box.bottom + GAP, innerHeight - height - GAP) : box.top - height - GAP}px`;
  panel.dataset.placed = "";
}

document.addEventListener(
  "toggle",
  (event) => {
    if (event.newState === "open" && event.target.matches?.(".menu-panel")) place(event.target);
  },
  true,
);

// What an item does without leaving the page is seen once its menu is away.
document.addEventListener("click", (event) => {
  event.target.closest?.(".menu-panel:popover-open button.menu-item[type=button]")?.closest(".menu-panel").hidePopover();
});

const placeAll = () => document.querySelectorAll(".menu-panel:popover-open").forEach(place);
addEventListener("resize", placeAll);
document.addEventListener("scroll", placeAll, { capture: true, passive: true });

document.addEventListener("keydown", (event) => {
  const button = event.target.closest?.("[popovertarget]");
  const closed = button && document.getElementById(button.getAttribute("popovertarget"));
  if (closed?.matches(".menu-panel:not(:popover-open)") && event.key === "ArrowDown") {
    event.preventDefault();
    closed.showPopover();
    closed.querySelector(ITEMS)?.focus();
    return;
  }
  const panel = document.querySelector(".menu-panel:popover-open, .sheet:popover-open");
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (!panel || !step || event.target.matches("input, select, textarea")) return;
  const items = [...panel.querySelectorAll(ITEMS)];
  const last = items.length - 1;
  const next = items.indexOf(document.activeElement) + step;
  event.preventDefault();
  items[Math.abs(step) === 1 ? (next + items.length) % items.length : Math.max(0, Math.min(last, next))]?.focus();
});
