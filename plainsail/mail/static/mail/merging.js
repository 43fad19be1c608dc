// Inserts merge fields: a dialog asks which one and what stands in its place, and writes it where one was.
export function dressMerging() {
  const dialog = document.getElementById("merge");
  const name = document.getElementById("merge-name");
  const fallback = document.getElementById("merge-fallback");
  let target;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-merge]");
    if (!button) return;
    target = button.dataset.merge;
    fallback.value = "";
    dialog.showModal();
    name.focus();
  });

  function write(words) {
    const input = document.getElementById(target);
    if (!input) return;
    const rich = input.closest("rich-text");
    if (rich?.view) return rich.insert(words);
    const end = input.value.length;
    input.setRangeText(words, input.selectionStart ?? end, input.selectionEnd ?? end, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }

  document.getElementById("merge-form").addEventListener("submit", () => {
    // What would end the field early is left out.
    const instead = fallback.value.replace(/[{}|]/g, "").trim();
    const words = instead ? `{{${name.value}|${instead}}}` : `{{${name.value}}}`;
    // After the dialog has given the focus back.
    setTimeout(() => write(words));
  });
  name.addEventListener("dblclick", () => document.getElementById("merge-form").requestSubmit());
}
