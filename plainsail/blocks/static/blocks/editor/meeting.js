// Changes that met somebody else's: both are shown, and nothing of one's own is lost. One decides for each.
export class Meeting {
  constructor(session, dialog) {
    this.session = session;
    this.dialog = dialog;
    this.list = dialog.querySelector("[data-met-list]");
    this.template = dialog.querySelector("template");
    this.list.addEventListener("click", (event) => this.decide(event));
  }

  show(met) {
    for (const one of met) this.list.append(this.row(one));
    if (!this.dialog.open) this.dialog.showModal();
  }

  row(met) {
    const row = this.template.content.cloneNode(true).firstElementChild;
    const put = (name, words) => (row.querySelector(`[data-met="${name}"]`).textContent = words);
    put("place", [met.section, met.setting].filter(Boolean).join(" · "));
    put("by", met.by);
    put("theirs", met.gone ? this.dialog.dataset.gone : met.theirs);
    const mine = row.querySelector("[data-met=mine]");
    mine.value = met.mine;
    mine.closest(".field").hidden = !met.mine;
    mine.rows = Math.min(6, Math.max(2, Math.ceil(met.mine.length / 50)));
    row.querySelector("[data-decide=mine]").hidden = met.gone;
    row.operation = met.operation;
    return row;
  }

  decide(event) {
    const decision = event.target.closest("[data-decide]")?.dataset.decide;
    if (!decision) return;
    const row = event.target.closest("[data-met-row]");
    if (decision === "copy") return navigator.clipboard?.writeText(row.querySelector("textarea").value);
    // Made anew, upon what both have seen now.
    if (decision === "mine") this.session.send(row.operation, { soon: true, panel: this.session.panel.shown });
    row.remove();
    if (!this.list.firstElementChild) this.dialog.close();
  }
}
