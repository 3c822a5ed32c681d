// The room monitor: pieces of the page as the server sends them, a timeline that moves between two messages,
// and seconds that are counted. A message is { now: {position_us, rate, scale_us}, pieces: {id: html}, lists:
// {id: [ids of its elements]} }; all of it at first, then what has changed. The HTML is made by the server's templates.

import { live } from "./live.js";

const room = document.getElementById("room");
const spans = JSON.parse(room.dataset.spans);
const FOCUSABLE = "a[href], button, input:not([type=hidden])";
const SAME_MS = 250;
const HELD_MS = 5_000;
const STEPS_S = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -60, PageUp: 60 };

// -- pieces ----------------------------------------------------------------------------------------------------------

function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function prepare(element) {
  window.htmx?.process(element);
  element.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: element } }));
  startCounting(element);
}

function replace(old, fresh) {
  const place = old.contains(document.activeElement) ? [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
  const written = new Map([...old.querySelectorAll("input:not([type=hidden]):not([type=range])")].map((input) => [input.name, input.value]));
  old.replaceWith(fresh);
  for (const input of fresh.querySelectorAll("input")) if (written.has(input.name)) input.value = written.get(input.name);
  if (place >= 0) [...fresh.querySelectorAll(FOCUSABLE)].at(place)?.focus({ preventScroll: true });
}

function arrange(list, ids, fresh) {
  const known = new Map([...list.children].map((child) => [child.id, child]));
  const gone = [...known.values()].filter((child) => !ids.includes(child.id));
  for (const child of gone) {
    const hadFocus = child.contains(document.activeElement);
    child.remove();
    if (hadFocus) (list.querySelector("button") ?? list).focus();
  }
  ids.forEach((id, index) => {
    const child = known.get(id) ?? fresh.get(id);
    if (child && list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
}

function show(pieces, lists) {
  const unplaced = new Map();
  for (const [id, html] of pieces) {
    const old = document.getElementById(id);
    const fresh = elementOf(html);
    if (!old) unplaced.set(id, fresh);
    else if (!old.isEqualNode(fresh)) replace(old, fresh), prepare(fresh);
  }
  for (const [id, ids] of lists) arrange(document.getElementById(id), ids, unplaced);
  for (const element of unplaced.values()) if (element.isConnected) prepare(element);
}

// Between pressing a button and letting it go nothing is replaced: the click would be lost.
const waiting = { pieces: new Map(), lists: new Map() };
let isPressed = false;

function take(pieces, lists) {
  for (const [id, html] of Object.entries(pieces)) waiting.pieces.set(id, html);
  for (const [id, ids] of Object.entries(lists)) waiting.lists.set(id, ids);
  if (!isPressed) showWaiting();
}

function showWaiting() {
  show(waiting.pieces, waiting.lists);
  waiting.pieces.clear();
  waiting.lists.clear();
  paint();
}

document.addEventListener("pointerdown", () => (isPressed = true));
for (const end of ["pointerup", "pointercancel", "blur"]) {
  addEventListener(end, () => setTimeout(() => ((isPressed = false), showWaiting()), 0));
}

// -- the timeline ----------------------------------------------------------------------------------------------------

let timeline;
let heldAt = -Infinity;
let isPainting = false;
let isLost = false;

const pad = (number) => String(number).padStart(2, "0");

function clock(us) {
  const s = Math.floor(us / 1e6);
  const rest = `${pad(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${rest}` : `${Math.floor(s / 60)}:${rest}`;
}

function positionNow() {
  return timeline.position_us + timeline.rate * (performance.now() - timeline.at) * 1000;
}

// A message that was long on its way tells a position that is past: what was told sooner is nearer to the truth.
function moveTo(now) {
  const late_ms = timeline ? (positionNow() - now.position_us) / 1000 : Infinity;
  const isSame = timeline?.rate === now.rate && timeline.scale_us === now.scale_us;
  if (!(isSame && now.rate && late_ms >= 0 && late_ms < SAME_MS)) timeline = { ...now, at: performance.now() };
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function paint() {
  const form = document.getElementById("timeline");
  if (!timeline || !form) return;
  const slider = form.querySelector("input[type=range]");
  const isHeld = slider && performance.now() - heldAt < HELD_MS;
  const position_us = isHeld ? slider.value * 1e6 : positionNow();
  const share = `${((100 * Math.min(position_us, timeline.scale_us)) / timeline.scale_us).toFixed(2)}%`;
  const text = clock(position_us);
  set(form.querySelector("[data-live=share]"), "width", share);
  set(form.querySelector("[data-live=head]"), "cx", share);
  const told = form.querySelector("[data-live=position]");
  if (told.textContent !== text) told.textContent = text;
  if (slider && slider.getAttribute("aria-valuetext") !== text) {
    slider.setAttribute("aria-valuetext", text);
    if (!isHeld) slider.value = Math.floor(position_us / 1e6);
  }
}

function keepPainting() {
  paint();
  isPainting = Boolean(timeline.rate);
  if (isPainting) requestAnimationFrame(keepPainting);
}

room.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  heldAt = performance.now();
  paint();
});

room.addEventListener("keydown", (event) => {
  const step_s = STEPS_S[event.key];
  if (event.target.type !== "range" || !step_s) return;
  event.preventDefault();
  event.target.value = Number(event.target.value) + step_s;
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form?.id === "timeline") heldAt = -Infinity;
  if (event.detail.successful && form?.matches("#say, .goto")) form.reset();
  if (timeline) paint();
});

// -- time ------------------------------------------------------------------------------------------------------------

function span(ms) {
  const s = Math.floor(ms / 1000);
  const fill = (form, values) => spans[form].replace(/\{(\w)\}/g, (_, name) => values[name]);
  if (s < 1) return fill("ms", { n: Math.floor(ms) });
  if (s < 60) return fill("s", { n: s });
  if (s < 3600) return fill("min", { n: Math.floor(s / 60) });
  if (s < 86400) return fill("h", { h: Math.floor(s / 3600), m: Math.floor(s / 60) % 60 });
  return fill("d", { d: Math.floor(s / 86400), h: Math.floor(s / 3600) % 24 });
}

const began = new WeakMap();

function startCounting(element) {
  for (const counter of element.querySelectorAll("[data-ago]")) began.set(counter, performance.now() - counter.dataset.ago);
}

function count() {
  if (isLost) return;
  for (const counter of document.querySelectorAll("[data-ago]")) {
    const text = span(performance.now() - began.get(counter));
    if (counter.textContent !== text) counter.textContent = text;
  }
}

// -- a lost connection ------------------------------------------------------------------------------------------------

// What nobody hears is not to be pressed, and where the room is by now nobody knows.
const CONTROLS = "#room form, .stage-controls, .watchers a, dialog button:not([type=button])";

function holdStill(isStill) {
  isLost = isStill;
  for (const control of document.querySelectorAll(CONTROLS)) control.inert = isStill;
  if (!isStill) return;
  document.getElementById("alive").replaceChildren(document.getElementById("lost").content.cloneNode(true));
  if (timeline) timeline = { ...timeline, position_us: positionNow(), rate: 0, at: performance.now() };
}

document.addEventListener("live:lost", () => holdStill(true));
document.addEventListener("live:back", () => holdStill(false));

// -- the whole -------------------------------------------------------------------------------------------------------

function gone() {
  document.getElementById("gone").hidden = false;
  document.getElementById("gone").firstElementChild.setAttribute("role", "alert");
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  room.inert = true;
  document.getElementById("alive").hidden = true;
  stop();
}

startCounting(document);
setInterval(count, 500);
const stop = live(
  room.dataset.stream,
  (message) => {
    if (message.gone) return gone();
    moveTo(message.now);
    take(message.pieces, message.lists);
    if (!isPainting) keepPainting();
  },
  { onGone: gone },
);
