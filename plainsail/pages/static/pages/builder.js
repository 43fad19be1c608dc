// The builder of a form. What it adds to the plain page: a look that follows what is typed, and dragging a question to its
// place. Dragging only moves the row; the order of the rows is the order in which they are sent.
class FormPreview extends HTMLElement {
  connectedCallback() {
    this.tree = this.attachShadow({ mode: "open" });
    this.sheet = new CSSStyleSheet();
    this.tree.adoptedStyleSheets = [this.sheet];
    this.show({ html: this.dataset.html, style: this.dataset.style });
  }

  show({ html, style }) {
    this.sheet.replaceSync(style);
    this.tree.innerHTML = html;
  }
}
customElements.define("form-preview", FormPreview);

const form = document.querySelector("[data-builder]");
const preview = document.querySelector("form-preview");
let timer;
let asked;

async function look() {
  asked?.abort();
  asked = new AbortController();
  const body = new FormData(form);
  // Only a post without this one saves.
  body.set("preview", "1");
  try {
    const answer = await fetch(form.dataset.builder, { method: "POST", body, signal: asked.signal });
    if (answer.ok) preview.show(await answer.json());
  } catch {
    // Another look is on its way, or there is no connection: the last one stays.
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(look, 250);
}

form.addEventListener("input", soon);
form.addEventListener("change", soon);
document.addEventListener("htmx:after:swap", () => {
  // What was drawn anew lost the focus: it goes to the new question, or to the one that was moved.
  const fresh = form.querySelector("[autofocus]");
  if (document.activeElement === document.body) (fresh ?? form.querySelector(`#question-${last} button`))?.focus();
  soon();
});

let last = 0;
form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=up], button[name=down]");
  if (!button) return;
  const rows = [...form.querySelectorAll("[data-question]")];
  last = rows.indexOf(button.closest("[data-question]")) + (button.name === "up" ? -1 : 1);
});

// A row is dragged by its grip: text in its fields can still be marked with the mouse.
let dragged;
form.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-grip]")?.closest("[data-question]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  event.dataTransfer.setDragImage(dragged, 16, 16);
  dragged.classList.add("is-dragged");
});
form.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-question]");
  if (!over) return;
  event.preventDefault();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
});
form.addEventListener("drop", (event) => dragged && event.preventDefault());
form.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = undefined;
  soon();
});
