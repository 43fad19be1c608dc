// <picture-focus> and <picture-crop>: a point, or a part, of a picture by pointer and by keyboard. The numbers beside them are the truth.
const STEP = 2;
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

class PictureFocus extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form");
    this.inputs = { x: form.elements.focus_x, y: form.elements.focus_y };
    this.point = Object.assign(document.createElement("button"), { type: "button", className: "framing-point" });
    this.point.setAttribute("aria-label", this.dataset.label);
    this.append(this.point);
    this.addEventListener("pointerdown", (event) => this.start(event));
    this.addEventListener("pointermove", (event) => this.held && this.follow(event));
    this.addEventListener("pointerup", () => (this.held = false));
    this.point.addEventListener("keydown", (event) => this.key(event));
    for (const input of Object.values(this.inputs)) input.addEventListener("input", () => this.draw());
    this.draw();
  }

  start(event) {
    event.preventDefault();
    this.held = true;
    this.setPointerCapture(event.pointerId);
    this.point.focus();
    this.follow(event);
  }

  follow(event) {
    const box = this.querySelector("img").getBoundingClientRect();
    this.set(((event.clientX - box.left) / box.width) * 100, ((event.clientY - box.top) / box.height) * 100);
  }

  key(event) {
    const [x, y] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    this.set(Number(this.inputs.x.value) + x, Number(this.inputs.y.value) + y);
  }

  set(x, y) {
    this.inputs.x.value = Math.round(clamp(x, 0, 100));
    this.inputs.y.value = Math.round(clamp(y, 0, 100));
    this.draw();
  }

  draw() {
    this.point.style.left = `${this.inputs.x.value || 50}%`;
    this.point.style.top = `${this.inputs.y.value || 50}%`;
  }
}

class PictureCrop extends HTMLElement {
  connectedCallback() {
    const { elements } = this.closest("form");
    this.inputs = { x: elements.x, y: elements.y, width: elements.width, height: elements.height };
    this.whole = { width: Number(this.dataset.width), height: Number(this.dataset.height) };
    this.box = Object.assign(document.createElement("div"), { className: "framing-box" });
    for (const corner of ["nw", "ne", "sw", "se"]) {
      const handle = Object.assign(document.createElement("span"), { className: "framing-corner" });
      handle.dataset.corner = corner;
      this.box.append(handle);
    }
    this.append(this.box);
    this.box.addEventListener("pointerdown", (event) => this.start(event));
    this.addEventListener("pointermove", (event) => this.held && this.follow(event));
    this.addEventListener("pointerup", () => (this.held = undefined));
    for (const input of Object.values(this.inputs)) input.addEventListener("input", () => this.draw());
    this.closest("form").addEventListener("click", (event) => this.shape(event.target.closest("[data-shape]")?.dataset.shape));
    this.draw();
  }

  get part() {
    const number = (name) => Number(this.inputs[name].value) || 0;
    return { x: number("x"), y: number("y"), width: number("width"), height: number("height") };
  }

  start(event) {
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    this.held = { corner: event.target.dataset.corner, x: event.clientX, y: event.clientY, part: this.part };
  }

  follow(event) {
    const scale = this.whole.width / this.querySelector("img").getBoundingClientRect().width;
    const { corner, part } = this.held;
    const [dx, dy] = [(event.clientX - this.held.x) * scale, (event.clientY - this.held.y) * scale];
    if (!corner) return this.set({ ...part, x: part.x + dx, y: part.y + dy });
    const [right, bottom] = [part.x + part.width, part.y + part.height];
    const x = corner.includes("w") ? clamp(part.x + dx, 0, right - 16) : part.x;
    const y = corner.includes("n") ? clamp(part.y + dy, 0, bottom - 16) : part.y;
    this.set({ x, y, width: corner.includes("w") ? right - x : part.width + dx, height: corner.includes("n") ? bottom - y : part.height + dy });
  }

  set({ x, y, width, height }) {
    const wide = Math.round(clamp(width, 16, this.whole.width));
    const high = Math.round(clamp(height, 16, this.whole.height));
    this.inputs.width.value = Math.min(wide, this.held?.corner?.includes("e") ? this.whole.width - Math.round(x) : wide);
    this.inputs.height.value = Math.min(high, this.held?.corner?.includes("s") ? this.whole.height - Math.round(y) : high);
    this.inputs.x.value = Math.round(clamp(x, 0, this.whole.width - this.inputs.width.value));
    this.inputs.y.value = Math.round(clamp(y, 0, this.whole.height - this.inputs.height.value));
    this.draw();
  }

  // The largest part of that shape around the middle of what is chosen.
  shape(ratio) {
    if (!ratio) return;
    const wanted = Number(ratio);
    const width = Math.min(this.whole.width, this.whole.height * wanted);
    const height = width / wanted;
    const { part } = this;
    this.set({ x: part.x + (part.width - width) / 2, y: part.y + (part.height - height) / 2, width, height });
  }

  draw() {
    const { x, y, width, height } = this.part;
    const percent = (value, of) => `${(value / of) * 100}%`;
    Object.assign(this.box.style, {
      left: percent(x, this.whole.width),
      top: percent(y, this.whole.height),
      width: percent(width, this.whole.width),
      height: percent(height, this.whole.height),
    });
  }
}

customElements.define("picture-focus", PictureFocus);
customElements.define("picture-crop", PictureCrop);
