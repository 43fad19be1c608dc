// <file-upload>: several files at once, chosen, dropped or pasted, each with its progress. Without this, its form does it.
export class FileUpload extends HTMLElement {
  connectedCallback() {
    this.list = this.querySelector("[data-list]");
    this.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    this.querySelector("input[type=file]").addEventListener("change", (event) => {
      this.take(event.target.files);
      event.target.value = "";
    });
    this.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.classList.add("is-over");
    });
    this.addEventListener("dragleave", () => this.classList.remove("is-over"));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.classList.remove("is-over");
      this.take(event.dataTransfer.files);
    });
    if (!this.closest("dialog")) document.addEventListener("paste", (event) => this.take(event.clipboardData?.files ?? []));
  }

  async take(files) {
    const taken = [];
    for (const file of [...files].slice(0, 20)) taken.push(await this.send(file));
    const good = taken.filter((one) => one?.id);
    if (good.length === 0) return;
    const event = new CustomEvent("uploaded", { bubbles: true, cancelable: true, detail: good });
    // Where nobody takes them up, the list of the page shows them; what was refused stays named above it.
    if (this.dispatchEvent(event)) this.refresh();
  }

  async refresh() {
    const response = await fetch(location.href).catch(() => undefined);
    if (!response?.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("found");
    if (fresh) document.getElementById("found")?.replaceWith(fresh);
  }

  // A row that shows how far it is, and what the server said.
  send(file) {
    const row = document.createElement("li");
    row.className = "upload-row";
    const name = document.createElement("span");
    const progress = document.createElement("progress");
    name.textContent = file.name;
    progress.max = 1;
    progress.setAttribute("aria-label", file.name);
    row.append(name, progress);
    this.list.append(row);
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.set("file", file);
      request.open("POST", this.dataset.url);
      request.setRequestHeader("X-CSRFToken", document.cookie.match(/(?:^|; )ps_csrf=([^;]+)/)?.[1] ?? this.dataset.token);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => (progress.value = event.loaded / event.total));
      request.addEventListener("loadend", () => {
        const answer = request.response?.files?.[0];
        progress.remove();
        name.textContent = answer?.id ? `${file.name}: ${this.dataset.done}` : `${file.name}: ${answer?.message ?? this.dataset.failed}`;
        row.classList.toggle("is-bad", !answer?.id);
        if (answer?.id) setTimeout(() => row.remove(), 4000);
        done(answer);
      });
      request.send(body);
    });
  }
}

customElements.define("file-upload", FileUpload);
