// How a page appears in search results and where it is shared, as its words are written.
import { PicturePicker } from "../files/picker.js";

const form = document.getElementById("appearing");
const { elements } = form;
const picture = form.querySelector("[data-shows-image]");
const picker = new PicturePicker(document.getElementById("pictures"));

function show() {
  for (const place of form.querySelectorAll("[data-shows]")) {
    place.textContent = elements[place.dataset.shows].value || elements[place.dataset.or]?.value || "";
  }
  for (const line of form.querySelectorAll("[data-length]")) {
    const { length, best, words } = line.dataset;
    const now = elements[length].value.length;
    line.textContent = words.replace("%(now)s", now).replace("%(best)s", best);
    line.classList.toggle("is-long", now > Number(best));
  }
}

// Where none is chosen, others see the first picture of the page, or the site's.
function showPicture(thumbnail) {
  const shown = thumbnail || picture.dataset.otherwise;
  picture.hidden = !shown;
  if (shown) picture.src = shown;
}

form.addEventListener("input", show);
elements.social_image.addEventListener("change", (event) => {
  // Of another one from the list the address is not known here: it is shown when it is saved.
  if (!event.target.value) showPicture("");
});
form.querySelector("[data-pick-social]").addEventListener("click", async (event) => {
  const chosen = await picker.ask();
  if (!chosen) return event.target.focus();
  const list = elements.social_image;
  if (![...list.options].some((option) => option.value === chosen.file)) list.add(new Option(chosen.alt || chosen.file, chosen.file));
  list.value = chosen.file;
  showPicture(chosen.thumbnail);
});
show();
