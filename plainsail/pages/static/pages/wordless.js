// Before a page goes live: the pictures without words, and a place to write them.
import { readPath } from "../blocks/editor/panel.js";

export class Wordless {
  constructor(editor, dialog) {
    this.editor = editor;
    this.dialog = dialog;
    this.list = dialog.querySelector("[data-wordless-list]");
    dialog.addEventListener("submit", (event) => this.answer(event));
    // To the section itself: it isn't published yet.
    this.list.addEventListener("click", (event) => event.target.closest("[data-goes]") && dialog.close());
  }

  ask(html) {
    this.list.innerHTML = html;
    this.dialog.showModal();
    this.list.querySelector("[data-words]").focus();
  }

  answer(event) {
    if (!event.target.matches("[data-wordless-form]")) return;
    for (const one of this.list.querySelectorAll("[data-wordless]")) this.keep(one);
    this.editor.publish({ asks: false });
  }

  keep(one) {
    const { block, path, value } = one.dataset;
    const alt = one.querySelector("[data-words]").value.trim();
    const decorative = !alt && one.querySelector("[data-decorates]").checked;
    if (!alt && !decorative) return;
    const said = { ...JSON.parse(value), alt, ...(decorative && { decorative }) };
    this.editor.send({ op: "set", block, path: readPath(path), value: said }, { soon: true, panel: this.editor.panel.shown });
  }
}
