// Pictures that a field takes by their address, chosen from the library or taken in. An icon is taken small.
import { PicturePicker } from "../files/picker.js";

const picker = new PicturePicker(document.getElementById("pictures"));

for (const button of document.querySelectorAll("[data-pick]")) {
  button.addEventListener("click", async () => {
    const chosen = await picker.ask();
    if (chosen) button.form.elements[button.dataset.pick].value = chosen[button.dataset.size ?? "address"];
    button.focus();
  });
}
