// A Plainsail form on any page. <a data-plainsail-form href="https://…/f/…"> becomes the form itself; without this script it
// stays the link that it is. The form lives in a shadow tree: the page's styles and the form's don't meet. No cookies.
(() => {
  const show = async (link) => {
    link.removeAttribute("data-plainsail-form");
    const answer = await fetch(`${link.href}/embed`, { credentials: "omit" });
    if (!answer.ok) return;
    const { html, style } = await answer.json();
    const place = document.createElement("div");
    const tree = place.attachShadow({ mode: "open" });
    // Not a <style>: the page's policy may forbid those.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    tree.adoptedStyleSheets = [sheet];
    const box = document.createElement("div");
    box.innerHTML = html;
    tree.append(box);
    tree.addEventListener("submit", (event) => send(event, box));
    tree.addEventListener("click", (event) => back(event, box));
    link.replaceWith(place);
  };

  const put = (box, html) => {
    box.innerHTML = html;
    const first = box.querySelector("[autofocus], [tabindex='-1'].said, input:not([type=hidden]):not([tabindex])");
    first?.focus();
  };

  const back = async (event, box) => {
    const link = event.target.closest("a.back");
    if (!link) return;
    event.preventDefault();
    const answer = await fetch(link.href, { credentials: "omit", headers: { Accept: "application/json" } });
    if (answer.ok) put(box, (await answer.json()).html);
  };

  const send = async (event, box) => {
    const form = event.target;
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        credentials: "omit",
        headers: { Accept: "application/json" },
        body: new URLSearchParams(new FormData(form)),
      });
      const said = await answer.json();
      if (said.go) {
        location.assign(said.go);
        return;
      }
      put(box, said.html);
      box.dispatchEvent(new CustomEvent("plainsail:sent", { bubbles: true, composed: true, detail: { ok: answer.ok } }));
    } catch {
      // Offline, or the page's policy forbids asking us: a plain post still works.
      form.submit();
    } finally {
      button.disabled = false;
      form.removeAttribute("aria-busy");
    }
  };

  const look = () => document.querySelectorAll("a[data-plainsail-form]").forEach((link) => show(link).catch(() => {}));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
})();
