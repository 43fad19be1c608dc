// Ctrl+K (or ⌘K), or a link marked data-finder, opens search above the page; arrows move through what it finds.
// Without this module the links lead to the search page.
const dialog = document.getElementById("finder");
const field = dialog?.querySelector("input[type=search]");

function open() {
  dialog.showModal();
  field.select();
  field.dispatchEvent(new Event("open")); // htmx asks for the list as it is now
}

function step(by) {
  const stops = [field, ...dialog.querySelectorAll(".find")];
  stops[(stops.indexOf(document.activeElement) + by + stops.length) % stops.length].focus();
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-finder-close]")) dialog.close();
    if (!event.target.closest("[data-finder]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      step(by);
    }
  });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    const first = dialog.querySelector(".find");
    if (!first) return; // nothing fetched yet: the search page answers
    event.preventDefault();
    first.click();
  });
  if (/mac/i.test(navigator.platform)) for (const keys of document.querySelectorAll("[data-keys]")) keys.textContent = "⌘K";
}
