// Forms: <form data-autosubmit> sends itself while somebody types or chooses; a form that is on its way is not sent twice;
// a dialog opens by its button where the browser does not know `command` yet.
const PAUSE = 300;
const GIVE_UP = 8000; // a form whose answer is a download leaves the page as it is
let timer;

function submitSoon(event) {
  const form = event.target.form?.closest("[data-autosubmit]");
  if (!form) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(), event.type === "input" ? PAUSE : 0);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[type=search], [type=text]")) submitSoon(event);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=checkbox], [type=radio], [type=date]")) submitSoon(event);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target === "_blank") return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  else {
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), GIVE_UP);
  }
});
// Coming back with the back button shows the page as it was left: let its forms be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});

if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (button?.getAttribute("command") === "show-modal") dialog?.showModal();
    if (button?.getAttribute("command") === "close") dialog?.close();
  });
}
