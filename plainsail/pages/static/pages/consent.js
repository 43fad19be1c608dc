// Asks once whether scripts of others may run, keeps the answer in this browser, and starts those that may.
(() => {
  const KEY = "ps_consent";
  const { version, scripts } = JSON.parse(document.getElementById("consent").dataset.scripts);
  const again = document.getElementById("consent-again");
  const started = new Set();

  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      return kept && kept.version === version ? kept.purposes : null;
    } catch {
      return null;
    }
  };

  const keep = (purposes) => {
    try {
      localStorage.setItem(KEY, JSON.stringify({ version, purposes }));
    } catch {
      // A browser that keeps nothing is asked again next time.
    }
  };

  // A cookie of this site's own, asked for after a yes and taken back after a no.
  const recognise = (path, yes) => {
    const said = JSON.stringify({ recognise: yes });
    return fetch(path, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: said });
  };

  const start = (purposes) => {
    scripts.forEach((script, index) => {
      if (!purposes.includes(script.purpose) || started.has(index)) return;
      started.add(index);
      if (script.recognition) recognise(script.recognition, true);
      if (script.src) {
        const element = document.createElement("script");
        element.src = script.src;
        element.async = true;
        document.head.append(element);
      }
      if (script.code) {
        const element = document.createElement("script");
        element.textContent = script.code;
        document.head.append(element);
      }
    });
  };

  const ask = (isAsked) => {
    document.querySelector("dialog.consent")?.remove();
    const dialog = document.getElementById("consent").content.firstElementChild.cloneNode(true);
    const boxes = [...dialog.querySelectorAll("input")];
    const before = read() ?? [];
    for (const box of boxes) box.checked = before.includes(box.value);
    dialog.addEventListener("close", () => {
      const answer = dialog.returnValue;
      if (answer) {
        const chosen = boxes.filter((box) => answer === "all" || (answer === "some" && box.checked));
        const purposes = chosen.map((box) => box.value);
        keep(purposes);
        // What runs already can't be stopped: a page loaded anew is without it.
        const gone = before.filter((purpose) => !purposes.includes(purpose));
        for (const script of scripts) {
          if (script.recognition && gone.includes(script.purpose)) recognise(script.recognition, false);
        }
        if (gone.length > 0) location.reload();
        else start(purposes);
      }
      dialog.remove();
      if (isAsked) again.focus();
    });
    document.body.append(dialog);
    // Not modal: the page can be read without answering.
    dialog.show();
    if (!isAsked) document.activeElement?.blur();
  };

  again.hidden = false;
  again.addEventListener("click", () => ask(true));
  const answer = read();
  if (answer) start(answer);
  else if (!navigator.globalPrivacyControl) ask(false);
})();
