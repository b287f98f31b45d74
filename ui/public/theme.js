// Runs before first paint so that the page never flashes the wrong theme. Same key as src/lib/theme.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("reeve.theme");
  } catch (_) {
    choice = null;
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
