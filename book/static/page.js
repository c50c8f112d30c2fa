// Small repairs to what themes and MathJax make in the browser. Nothing here is needed to read a page.
(() => {
  "use strict";

  // On file:// a page may not read its neighbours, so search results come without excerpts.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // What scrolls sideways must be reachable by keyboard.
  const scrolling = "mjx-container[display], .bd-article pre, .pst-scrollable-table-container, .cell_output .text_html";
  function reach() {
    for (const box of document.querySelectorAll(scrolling)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      if (scrolls && !box.hasAttribute("tabindex")) {
        box.tabIndex = 0;
        box.dataset.reached = "";
      } else if (!scrolls && "reached" in box.dataset) {
        box.removeAttribute("tabindex");
        delete box.dataset.reached;
      }
    }
  }
  addEventListener("resize", reach);
  addEventListener("load", () => Promise.resolve(window.MathJax?.startup?.promise).then(reach));
  document.addEventListener("toggle", reach, true);
})();
