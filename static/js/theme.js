// Light, dark or like the system. Loaded in <head> without defer, so that nothing flashes.
// Markup contract: buttons [data-theme-choice="light|dark|system"], which get aria-pressed.
// Sets on <html>: data-bs-theme (Bootstrap's), and data-js, by which the styles know that scripts run.
(function () {
  "use strict";
  const KEY = "streamwatch.theme";
  const root = document.documentElement;
  const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

  // Storage may be switched off; the choice then lasts as long as the page.
  let chosen = "system";
  try {
    chosen = localStorage.getItem(KEY) || "system";
  } catch {
    chosen = "system";
  }

  function apply() {
    const dark = chosen === "dark" || (chosen === "system" && darkSystem.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    }
  }

  function choose(choice) {
    chosen = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Said above: then it is not remembered.
    }
    apply();
  }

  root.dataset.js = "";
  apply();
  darkSystem.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-theme-choice]");
    if (button) choose(button.dataset.themeChoice);
  });
  // Another tab chose.
  window.addEventListener("storage", function (event) {
    if (event.key !== KEY) return;
    chosen = event.newValue || "system";
    apply();
  });
})();
