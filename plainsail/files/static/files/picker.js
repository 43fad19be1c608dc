// The dialog that chooses a picture from the library, or takes new ones in. `ask()` promises {file, alt, thumbnail, address}.
import "./upload.js";

export class PicturePicker {
  constructor(dialog) {
    this.dialog = dialog;
    this.list = dialog.querySelector("[data-picture-list]");
    this.search = dialog.querySelector("[data-picture-search]");
    this.upload = dialog.querySelector("file-upload");
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), 200);
    });
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const picture = event.target.closest("[data-picture]")?.dataset;
      const more = event.target.closest("[data-more]");
      if (picture) this.take({ file: picture.picture, alt: picture.alt, thumbnail: picture.thumbnail, address: picture.address });
      if (more) this.load(more.dataset.more);
    });
    dialog.addEventListener("uploaded", (event) => {
      event.preventDefault();
      const pictures = event.detail.filter((one) => one.kind === "picture");
      const [first] = pictures;
      if (pictures.length === 1) this.take({ file: first.id, alt: first.alt, thumbnail: first.thumbnail, address: first.url });
      else this.load();
    });
    dialog.addEventListener("close", () => this.answer?.(undefined));
    dialog.addEventListener("paste", (event) => event.clipboardData?.files.length && this.upload.take(event.clipboardData.files));
  }

  async ask() {
    this.search.value = "";
    this.load();
    this.dialog.showModal();
    return new Promise((answer) => (this.answer = answer));
  }

  take(picture) {
    this.answer?.(picture);
    this.answer = undefined;
    this.dialog.close();
  }

  async load(page = "1") {
    const asked = (this.asked = Symbol("pictures"));
    const query = new URLSearchParams({ q: this.search.value, page });
    const response = await fetch(`${this.dialog.dataset.url}?${query}`).catch(() => undefined);
    if (!response?.ok || asked !== this.asked) return;
    const html = await response.text();
    if (page === "1") return void (this.list.innerHTML = html);
    this.list.querySelector("[data-more]")?.remove();
    this.list.insertAdjacentHTML("beforeend", html);
  }
}
