// <form data-confirm="Refund €20 to Maren?" data-confirm-title="Refund" data-confirm-button="Refund €20">
// asks in the page's one dialog (#confirm) before it is sent, by htmx or by the browser alike. On a button, only that one asks.
const dialog = document.getElementById("confirm");

function ask(asking) {
  const { confirm, confirmTitle, confirmButton, confirmTone } = asking.dataset;
  dialog.querySelector("[data-title]").textContent = confirmTitle || dialog.dataset.title;
  dialog.querySelector("[data-text]").textContent = confirm;
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = confirmButton || dialog.dataset.button;
  yes.classList.toggle("button-danger", confirmTone !== "calm");
  yes.classList.toggle("button-primary", confirmTone === "calm");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const asking = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!dialog || !asking.dataset.confirm) return;
    if (form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    if (await ask(asking)) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
    }
  },
  true,
);
