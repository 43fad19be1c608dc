// Changing a field in its place: press the line or Enter on its pencil, Enter or leaving saves, Escape takes back.
// All of it goes by the links and buttons that are there without this file.
const SHOWN = "[data-inplace] form";
const started = new WeakMap();
// Forms on their way: an answer takes them out of the page, and going out of the page is no leaving.
let sent = new WeakSet();

function said(form) {
  return new URLSearchParams(new FormData(form)).toString();
}

function formOf(event) {
  return event.target.closest?.(SHOWN);
}

function close(form) {
  const row = form.closest("[data-inplace]");
  // A copy: what htmx took out of the page listens to nothing any more.
  const shown = closed.get(row.id)?.cloneNode(true);
  if (!shown) return;
  shown.classList.remove("htmx-swapping");
  const hadFocus = row.contains(document.activeElement);
  // Taking the field out takes its focus away, which is no leaving.
  sent.add(form);
  row.replaceWith(shown);
  window.htmx?.process(shown);
  if (hadFocus || document.activeElement === document.body) shown.querySelector(".inplace-open")?.focus();
}

// What stood there before is put back as it was: nothing has to be asked for.
const closed = new Map();
let undoing;
document.addEventListener("htmx:before:swap", () => {
  for (const row of document.querySelectorAll("[data-inplace]:has(.inplace-open)")) closed.set(row.id, row);
});

document.addEventListener("htmx:after:swap", () => {
  // A message whose Undo was pressed goes once that is done: a form that is taken out before may never be sent.
  undoing?.remove();
  undoing = undefined;
  for (const form of document.querySelectorAll(SHOWN)) {
    if (started.has(form)) continue;
    started.set(form, said(form));
    const input = form.querySelector(".input, input:not([type=hidden])");
    input?.focus();
    if (input?.matches("input:not([type=date], [type=checkbox])")) input.select();
  }
  if (document.activeElement === document.body) document.querySelector(`[id="${CSS.escape(last)}"] .inplace-open`)?.focus();
});

let last = "";
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-inplace]");
  if (row) last = row.id;
  const form = formOf(event);
  if (form && event.target.closest("[data-inplace-cancel]")) {
    event.preventDefault();
    close(form);
  } else if (event.target.closest(".inplace-value") && !event.target.closest("a") && !getSelection().toString()) {
    row.querySelector(".inplace-open")?.click();
  }
});

// A press on a button of the form is no leaving.
document.addEventListener("mousedown", (event) => {
  if (formOf(event) && event.target.closest(".button")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const form = formOf(event);
  if (!form) return;
  if (event.key === "Escape") {
    event.preventDefault();
    close(form);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("select, [type=checkbox]"))) {
    event.preventDefault();
    last = form.closest("[data-inplace]").id;
    form.requestSubmit();
  }
});

document.addEventListener("focusout", (event) => {
  const form = formOf(event);
  if (!form || !started.has(form) || sent.has(form) || form.contains(event.relatedTarget) || !document.hasFocus()) return;
  // What was refused stays open: leaving it must not throw away what somebody wrote.
  if (form.closest("[data-faulty]")) return;
  if (said(form) === started.get(form)) close(form);
  else form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const row = event.target.closest("[data-inplace]");
  if (row) {
    last = row.id;
    sent.add(event.target);
  }
  undoing = event.target.closest("ui-toast") ?? undoing;
});

document.addEventListener("htmx:error", () => {
  sent = new WeakSet();
});
