// <rich-text> around a textarea: ProseMirror on the words, HTML of a few tags out. The server cleans it once more.
// The library is loaded when the first such field appears.
const library = () => import("../../vendor/prosemirror/prosemirror.js");

class RichText extends HTMLElement {
  async connectedCallback() {
    if (this.view) return;
    this.area = this.querySelector("textarea");
    const kit = (this.kit = await library());
    if (!this.isConnected || this.view) return;
    const nodes = kit.addListNodes(kit.basic.spec.nodes, "paragraph block*", "block");
    this.schema = new kit.Schema({
      nodes: ["image", "code_block", "horizontal_rule"].reduce((kept, name) => kept.remove(name), nodes),
      marks: kit.basic.spec.marks,
    });
    const place = document.createElement("div");
    this.area.after(place);
    this.area.hidden = true;
    const label = document.querySelector(`label[for="${this.area.id}"]`);
    this.view = new kit.EditorView(place, {
      state: kit.EditorState.create({ doc: this.parse(this.area.value), plugins: this.keys() }),
      attributes: {
        class: "input input-area rich-surface",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": label?.textContent ?? "",
        "aria-describedby": this.area.getAttribute("aria-describedby") ?? "",
      },
      dispatchTransaction: (change) => {
        this.view.updateState(this.view.state.apply(change));
        if (change.docChanged) this.tell();
      },
    });
    label?.addEventListener("click", () => this.view.focus());
    this.view.dom.addEventListener("focus", () => (this.wasIn = true));
    this.addEventListener("mousedown", (event) => event.target.closest("[data-mark]") && event.preventDefault());
    this.addEventListener("click", (event) => this.mark(event.target.closest("[data-mark]")?.dataset.mark));
    this.querySelector(".rich-link")?.addEventListener("keydown", (event) => this.linkKey(event));
    this.querySelector("[data-link-set]")?.addEventListener("click", () => this.setLink());
  }

  disconnectedCallback() {
    this.view?.destroy();
  }

  keys() {
    const { keymap, baseKeymap, toggleMark, splitListItem, liftListItem, sinkListItem, chainCommands } = this.kit;
    const { marks, nodes } = this.schema;
    const line = (state, dispatch) => {
      dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
      return true;
    };
    return [
      keymap({
        "Mod-b": toggleMark(marks.strong),
        "Mod-i": toggleMark(marks.em),
        "Mod-k": () => Boolean(this.askLink() ?? true),
        Enter: splitListItem(nodes.list_item),
        "Shift-Enter": line,
        "Mod-[": liftListItem(nodes.list_item),
        "Mod-]": sinkListItem(nodes.list_item),
        Backspace: chainCommands((state, dispatch) => {
          const { $from, empty } = state.selection;
          return empty && $from.parentOffset === 0 && liftListItem(nodes.list_item)(state, dispatch);
        }),
      }),
      keymap(baseKeymap),
    ];
  }

  parse(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return this.kit.DOMParser.fromSchema(this.schema).parse(holder.content);
  }

  tell() {
    const { doc } = this.view.state;
    const holder = document.createElement("div");
    holder.append(this.kit.DOMSerializer.fromSchema(this.schema).serializeFragment(doc.content));
    this.area.value = doc.textContent.trim() ? holder.innerHTML : "";
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Words where one writes, such as a merge field.
  insert(words) {
    if (!this.view) return;
    const { tr, doc } = this.view.state;
    // Where nobody has written yet, the end is meant, not the beginning.
    const change = this.wasIn ? tr.insertText(words) : tr.insertText(words, doc.content.size - 1);
    this.view.dispatch(change.scrollIntoView());
    this.view.focus();
  }

  mark(mark) {
    const { toggleMark, wrapInList, liftListItem } = this.kit ?? {};
    const run = (command) => command(this.view.state, this.view.dispatch) || undefined;
    if (mark === "strong" || mark === "em") run(toggleMark(this.schema.marks[mark]));
    if (mark === "list") run(liftListItem(this.schema.nodes.list_item)) ?? run(wrapInList(this.schema.nodes.bullet_list));
    if (mark === "link") return this.askLink();
    if (mark) this.view.focus();
  }

  // Where the chosen words lead: asked for below the bar. Empty takes the link away.
  askLink() {
    const row = this.querySelector(".rich-link");
    const { $from } = this.view.state.selection;
    row.querySelector("input").value = this.schema.marks.link.isInSet($from.marks())?.attrs.href ?? "";
    row.hidden = false;
    row.querySelector("input").focus();
  }

  linkKey(event) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Enter") return this.setLink();
    this.querySelector(".rich-link").hidden = true;
    this.view.focus();
  }

  setLink() {
    const row = this.querySelector(".rich-link");
    const href = row.querySelector("input").value.trim();
    const { from, to, empty } = this.view.state.selection;
    const { link } = this.schema.marks;
    let change = this.view.state.tr.removeMark(from, to, link);
    if (href && !empty) change = change.addMark(from, to, link.create({ href }));
    if (href && empty) change = change.insert(from, this.schema.text(href, [link.create({ href })]));
    this.view.dispatch(change);
    row.hidden = true;
    this.view.focus();
  }
}

customElements.define("rich-text", RichText);
