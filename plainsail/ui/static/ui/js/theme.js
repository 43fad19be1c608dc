// <ui-theme> around buttons with value "", "light" or "dark": kept in a cookie, so that the server draws the next page right.
const YEAR = 60 * 60 * 24 * 365;

class UiTheme extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button[value]");
      if (button) this.choose(button.value);
    });
    this.show();
  }

  choose(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=${theme ? YEAR : 0}; SameSite=Lax${secure}`;
    for (const other of document.querySelectorAll("ui-theme")) other.show();
  }

  show() {
    const current = document.documentElement.dataset.theme ?? "";
    for (const button of this.querySelectorAll("button[value]")) {
      button.setAttribute("aria-pressed", String(button.value === current));
    }
  }
}

customElements.define("ui-theme", UiTheme);
