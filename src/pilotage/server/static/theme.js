// The reader's choice of light or dark, applied before anything is drawn.
(() => {
  const chosen = (() => { try { return localStorage.getItem("pilotage-theme"); } catch { return null; } })();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
