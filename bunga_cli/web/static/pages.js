// What every page does by script: copying, dialogs, and times of day in the reader's own time zone.

const pad = (number) => String(number).padStart(2, "0");

function localTime(element) {
  const at = new Date(element.dateTime);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  element.textContent = "day" in element.dataset ? day : clock;
  element.title = at.toLocaleString(document.documentElement.lang);
  element.dataset.local = "";
}

function prepare() {
  document.querySelectorAll("time[datetime]:not([data-local])").forEach(localTime);
  document.querySelectorAll("[data-copies]").forEach((button) => (button.hidden = false));
}

// Browsers have `navigator.clipboard` with https and on the machine itself alone; the old way is good for the rest.
// What cannot be copied either way is selected at least.
async function isCopied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

async function copy(button) {
  const label = button.querySelector("span");
  const { done, failed } = button.dataset;
  const before = label.textContent;
  const after = (await isCopied(document.getElementById(button.dataset.copies))) ? done : failed;
  if (after === done) button.focus();
  if ([done, failed].includes(before)) return;
  label.textContent = after;
  setTimeout(() => (label.textContent = before), after === done ? 2_000 : 10_000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies], [data-opens], [data-closes]");
  if (!button) return;
  if (button.dataset.copies) copy(button);
  else if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  else if (button.closest("dialog")) {
    event.preventDefault();
    button.closest("dialog").close();
  }
});

// A dialog whose form a script has sent goes away once the server has agreed, unless it is told to stay.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && !event.target.closest("[data-stays]")) event.target.closest("dialog")?.close();
});

// A dialog that a script fills opens then, and is emptied when it is closed, which ends whatever asks from within.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target;
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.addEventListener("close", () => dialog.replaceChildren(), { once: true });
  dialog.showModal();
});

// Colours are changed in place: a page may be doing something that a reload would end.
function colour(chosen) {
  const root = document.documentElement;
  if (chosen === "auto") delete root.dataset.theme;
  else root.dataset.theme = chosen;
  document.querySelector("meta[name=color-scheme]").content = chosen === "auto" ? "light dark" : chosen;
  for (const button of document.querySelectorAll("button[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  }
}

document.addEventListener("submit", (event) => {
  const { submitter, target } = event;
  if (submitter?.name !== "theme") return;
  event.preventDefault();
  colour(submitter.value);
  fetch(target.action, { method: "POST", body: new URLSearchParams({ theme: submitter.value }), redirect: "manual" });
});

// What went wrong is told until something goes well that somebody did, what went well for some seconds.
const TOLD_MS = 6_000;
const toasts = document.getElementById("toasts");

function forget(what) {
  toasts?.querySelectorAll(what).forEach((toast) => toast.remove());
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.requestConfig.triggeringEvent) forget("[data-tone=failure]");
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== toasts) return;
  for (const toast of toasts.querySelectorAll("[data-tone=ok]")) setTimeout(() => toast.remove(), TOLD_MS);
});
// The next try begins anew; a button that is replaced before its answer comes would hear of no success.
document.addEventListener("htmx:beforeSend", () => forget("[data-unreachable]"));
document.addEventListener("htmx:sendError", () => {
  forget("[data-unreachable]");
  const toast = document.getElementById("unreachable").content.firstElementChild.cloneNode(true);
  toast.dataset.unreachable = "";
  toasts.append(toast);
});
document.addEventListener("live:back", () => forget("[data-unreachable]"));

document.addEventListener("htmx:load", prepare);
prepare();

// Of tabs that do not all fit, the one that is open is in view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
