// Pictures that a field takes by their address or from a list, chosen from the library or taken in. An icon is taken small.
import { PicturePicker } from "../files/picker.js";

const picker = new PicturePicker(document.getElementById("pictures"));

// A list names files; one that was taken in just now isn't in it yet.
function fill(field, chosen, size = "address") {
  if (!field.options) return void (field.value = chosen[size]);
  const isThere = [...field.options].some((option) => option.value === chosen.file);
  if (!isThere) field.add(new Option(chosen.alt || chosen.file, chosen.file));
  field.value = chosen.file;
}

for (const button of document.querySelectorAll("[data-pick]")) {
  button.addEventListener("click", async () => {
    const chosen = await picker.ask();
    if (chosen) fill(button.form.elements[button.dataset.pick], chosen, button.dataset.size);
    button.focus();
  });
}
