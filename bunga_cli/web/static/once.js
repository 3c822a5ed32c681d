// A secret that is shown once: to reload the page, or to come back to it, does not show it again.

const shown = document.querySelector("[data-once]");

history.replaceState(null, "", shown.dataset.once);
addEventListener("pagehide", () => shown.remove());
