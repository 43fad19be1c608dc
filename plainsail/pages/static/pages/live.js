// What of a published page is not the same for everybody: sections for some, countdowns, pop-ups. Loaded only where a page
// has one of them. It asks once; without an answer the page stays as it is for strangers.
const page = document.querySelector("[data-live-page]").dataset.livePage;
const post = (path, said) =>
  fetch(path, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) });
const phone = !matchMedia("(hover: hover) and (pointer: fine)").matches;

// First-party memory of this browser: how often pop-ups were seen. A browser that keeps none shows them once a page.
const memory = (key, value) => {
  try {
    if (value) localStorage.setItem(`ps:${key}`, JSON.stringify(value));
    return JSON.parse(localStorage.getItem(`ps:${key}`)) ?? {};
  } catch {
    return {};
  }
};

const dressed = new Set();
const dress = (css) => {
  if (!css || dressed.has(css)) return;
  dressed.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
};

const build = (html) => {
  const made = document.createElement("template");
  made.innerHTML = html;
  return made.content;
};

// Sections for some: into their places, and those away that are there instead of them.
const fill = ({ id, html, rest }) => {
  const place = document.querySelector(`[data-live="${id}"]`);
  for (let next = place?.nextElementSibling; rest > 0 && next; next = next.nextElementSibling) {
    if (next.matches("[data-live]")) continue;
    next.hidden = true;
    rest -= 1;
  }
  place?.replaceWith(build(html));
};

// Countdowns: the moment is the server's, and so is now.
const run = (box, ends, ahead) => {
  const section = box.closest("section") ?? box;
  const units = JSON.parse(box.dataset.units);
  const clock = box.querySelector("[data-clock]");
  const over = () => {
    if (box.dataset.then === "go" && box.dataset.url) location.replace(box.dataset.url);
    else if (box.dataset.then === "hide") section.hidden = true;
    else {
      box.textContent = box.dataset.words;
      box.removeAttribute("role");
    }
  };
  const tick = () => {
    let left = Math.floor((ends - Date.now() - ahead) / 1000);
    if (left <= 0) return over();
    clock.replaceChildren(
      ...[86400, 3600, 60, 1].map((size, place) => {
        const part = document.createElement("span");
        const number = document.createElement("b");
        number.textContent = String(Math.floor(left / size)).padStart(2, "0");
        part.append(number, ` ${units[place]}`);
        left %= size;
        return part;
      }),
    );
    clock.hidden = false;
    setTimeout(tick, 1000);
  };
  tick();
};

// Pop-ups.
const isTyping = () => document.activeElement?.matches("input, textarea, select, [contenteditable]");
const may = ({ key, often, days }) => {
  const { at = 0, sent } = memory(key);
  return !sent && (often === "sent" || !at || (often === "days" && Date.now() - at > days * 864e5));
};

const open = (popup, wanted) => {
  if (popup.box?.isConnected || (!wanted && (isTyping() || document.querySelector("dialog[open]")))) return false;
  dress(popup.style);
  const isBar = popup.kind !== "dialog";
  const box = (popup.box = document.createElement(isBar ? "aside" : "dialog"));
  box.className = isBar ? `popup-bar popup-${popup.kind}` : "popup";
  box.setAttribute("aria-label", popup.label);
  const close = document.createElement("button");
  close.className = "popup-close";
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", popup.close);
  // The way to close it comes last: opening leads to what it is about.
  box.append(build(popup.html), close);
  for (const field of box.querySelectorAll("[name=_page]")) field.value = location.pathname;
  const tell = (what) => post("/for-you/count", { key: popup.key, what }).catch(() => {});
  const shut = () => {
    if (!box.isConnected) return;
    box.remove();
    tell("closed");
  };
  close.addEventListener("click", () => (isBar ? shut() : box.close()));
  box.addEventListener("close", shut);
  box.addEventListener("click", (event) => event.target === box && !isBar && box.close());
  box.addEventListener("keydown", (event) => isBar && event.key === "Escape" && shut());
  box.addEventListener("submit", () => {
    memory(popup.key, { at: Date.now(), sent: 1 });
    tell("sent");
  });
  document.body.append(box);
  if (!isBar) box.showModal();
  memory(popup.key, { ...memory(popup.key), at: Date.now() });
  tell("shown");
  return true;
};

const wait = (popup) => {
  if (popup.trigger === "click" || !may(popup)) return;
  let done = false;
  const now = () => {
    // Somebody who types is not disturbed: it comes once they have left the field.
    if (!done && !(done = open(popup))) document.addEventListener("focusout", () => setTimeout(now, 500), { once: true });
  };
  if (popup.trigger === "time") setTimeout(now, popup.seconds * 1000);
  if (popup.trigger === "scroll" || (popup.trigger === "exit" && phone)) {
    let top = scrollY;
    let deepest = 0;
    addEventListener(
      "scroll",
      () => {
        const read = (100 * (scrollY + innerHeight)) / document.documentElement.scrollHeight;
        deepest = Math.max(deepest, scrollY);
        // On a phone, going back up fast is as near to leaving as a page can see.
        if (popup.trigger === "scroll" ? read >= popup.percent : deepest > 600 && top - scrollY > 120) now();
        top = scrollY;
      },
      { passive: true },
    );
  }
  if (popup.trigger === "exit" && !phone)
    document.documentElement.addEventListener("mouseleave", (event) => event.clientY <= 0 && now());
};

const answer = await post("/for-you", { page, search: location.search, phone });
if (answer.ok) {
  const said = await answer.json();
  const ahead = said.now - Date.now();
  dress(said.style);
  said.parts.forEach(fill);
  for (const box of document.querySelectorAll("[data-countdown]")) {
    const ends = said.countdowns[box.dataset.countdown];
    if (ends) run(box, ends, ahead);
  }
  said.popups.forEach(wait);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#p-"]');
    const popup = link && said.popups.find(({ key }) => `#${key}` === link.getAttribute("href"));
    if (popup) {
      event.preventDefault();
      open(popup, true);
    }
  });
}
