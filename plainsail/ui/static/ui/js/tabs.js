// On a phone a row of tabs is wider than the screen: the one that is open is brought into view.
function show() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const row = tab.parentElement;
    const before = tab.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.scrollLeft += before - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

show();
addEventListener("resize", show);
