// Zoom and pan: buttons, Ctrl with the wheel, keys while the canvas has the focus, dragging the ground. The zoom stays for the tab.
const LEAST = 0.3;
const MOST = 2;
const STEP = 1.2;
const PHONE = matchMedia("(max-width: 47.99rem)");
const key = () => `zoom:${document.getElementById("flow")?.dataset.url}`;
const canvas = () => document.querySelector(".flow-canvas");
let scale = 1;

function isList() {
  return PHONE.matches || document.querySelector(".flow-as-list");
}

function apply(next, at) {
  const frame = canvas();
  const plane = frame?.querySelector(".flow-plane");
  if (!plane) return;
  const before = scale;
  scale = isList() ? 1 : Math.min(MOST, Math.max(LEAST, next));
  const spot = at ?? { x: frame.clientWidth / 2, y: frame.clientHeight / 2 };
  const left = ((frame.scrollLeft + spot.x) / before) * scale - spot.x;
  const top = ((frame.scrollTop + spot.y) / before) * scale - spot.y;
  plane.style.zoom = scale === 1 ? "" : String(scale);
  if (before !== scale) frame.scrollTo(left, top);
  const controls = document.querySelector(".flow-zoom");
  controls.hidden = Boolean(isList());
  controls.querySelector(".flow-zoom-now").textContent = `${Math.round(scale * 100)} %`;
  if (!isList()) sessionStorage.setItem(key(), String(scale));
}

function fit() {
  const frame = canvas();
  const plane = frame.querySelector(".flow-plane");
  plane.style.zoom = "";
  const room = Math.min((frame.clientWidth - 32) / plane.scrollWidth, (frame.clientHeight - 32) / plane.scrollHeight, 1);
  apply(room);
  frame.scrollTo(Math.max(0, (frame.scrollWidth - frame.clientWidth) / 2), 0);
}

const WAYS = { in: () => apply(scale * STEP), out: () => apply(scale / STEP), 1: () => apply(1), fit };
const KEYS = { i: "in", o: "out", 1: "1", f: "fit" };

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) WAYS[button.dataset.zoom]();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.closest(".flow-canvas") || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = KEYS[event.key.toLowerCase()];
  if (way && !isList()) WAYS[way]();
});
document.addEventListener(
  "wheel",
  (event) => {
    const frame = event.target.closest?.(".flow-canvas");
    if (!frame || !(event.ctrlKey || event.metaKey) || isList()) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    apply(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1), { x: event.clientX - box.left, y: event.clientY - box.top });
  },
  { passive: false },
);

let from;
document.addEventListener("pointerdown", (event) => {
  const frame = event.target.closest?.(".flow-canvas");
  if (!frame || event.button !== 0 || event.pointerType === "touch" || event.target.closest("a, button")) return;
  from = { x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop, frame };
  frame.classList.add("is-panned");
});
document.addEventListener("pointermove", (event) => {
  from?.frame.scrollTo(from.x - event.clientX, from.y - event.clientY);
});
document.addEventListener("pointerup", () => {
  from?.frame.classList.remove("is-panned");
  from = undefined;
});

function drawn() {
  if (!canvas()) return;
  const before = Number(sessionStorage.getItem(key())) || 1;
  scale = before;
  apply(before);
}

function center() {
  const frame = canvas();
  if (frame) frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2;
}

document.addEventListener("flow:drawn", drawn);
PHONE.addEventListener("change", drawn);
drawn();
center();
