// Small helpers for the page. What people wrote gets into it as text alone.

export const $ = (id) => document.getElementById(id);

// Set a text, unless it is there: a screen reader says again what is written again.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Return a copy of what is in a <template>, its parts by their data-part.
export function copyOf(id) {
  const root = $(id).content.firstElementChild.cloneNode(true);
  const parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  return { root, ...parts };
}

export function colour(element, hue) {
  element.style.setProperty("--hue", hue);
}

export const initial = (name) => ([...name][0] ?? "").toUpperCase();
