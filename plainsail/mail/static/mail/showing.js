// Who sees a section: what is chosen becomes a condition once it is complete; until then only the control changes.
export function dressShowing(session) {
  const panel = document.getElementById("panel");
  const part = (name) => panel.querySelector(`[data-shown-${name}]`);
  const show = (value) => session.send({ op: "show", block: session.panel.shown, value }, { soon: true, panel: session.panel.shown });

  function tell() {
    const who = part("who").value;
    if (!who) return show(null);
    if (who === "rest") return show({ rest: true });
    const tree = { field: who, op: part("op").value };
    const value = part("value");
    if (value?.value) show({ tree: { ...tree, value: value.value } });
    else if (!value) show({ tree });
  }

  panel.addEventListener("change", (event) => {
    const control = event.target;
    if (!control.closest("[data-shown]")) return;
    const who = part("who").value;
    if (control.matches("[data-shown-who]") && who && who !== "rest") session.panel.load(session.panel.shown, { who }).then(whole);
    else if (control.matches("[data-shown-op]")) session.panel.load(session.panel.shown, { who, op: control.value }).then(whole);
    else tell();
  });

  // A comparison that needs no value is complete at once, as is one whose value stayed.
  function whole() {
    if (part("op") && (!part("value") || part("value").value)) tell();
    else (part("value") ?? part("who"))?.focus();
  }
}
