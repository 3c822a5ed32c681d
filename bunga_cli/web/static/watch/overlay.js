// What people say and show, over the picture and in the list beside it.

import { $, colour, copyOf, write } from "./dom.js";
import { pictureOf } from "./reactions.js";
import { nameOf } from "./room.js";
import { words } from "./words.js";

const LANES = 6;
const MOST_AT_ONCE = 40;
const MOST_LINES = 200;
const TOLD_MS = 3_000;
const freeAt = new Array(LANES).fill(0);

// A line of text flies over the picture, in the lane that is free first.
export function fly(text, who) {
  const now = performance.now();
  const lane = freeAt.indexOf(Math.min(...freeAt));
  freeAt[lane] = now + 2_000 + 60 * Math.min(text.length, 100);
  const line = put("danmaku", text, who.color_hue);
  line?.style.setProperty("--lane", lane);
}

export function pop(emoji) {
  put("popmoji", emoji);
}

// Something small at a place of the picture.
export function spark(emoji, [x, y]) {
  const { left, top, width, height } = pictureOf($("video"));
  const element = put("spark-mark", emoji);
  element?.style.setProperty("--x", `${left + width * x}px`);
  element?.style.setProperty("--y", `${top + height * y}px`);
}

let toldUntil = -Infinity;

// Show for some seconds over the picture what has happened. Screen readers have it from the list.
export function tell(text) {
  write($("told"), text);
  $("told").hidden = false;
  toldUntil = performance.now() + TOLD_MS;
}

// What stands there when nothing new has happened.
export function tellOtherwise(text) {
  if (performance.now() < toldUntil) return;
  $("told").hidden = !text;
  write($("told"), text);
}

// Add a line to the list: what somebody said, or what happened.
export function note(text, who = null) {
  const { root, name, said, time } = copyOf("line");
  time.textContent = new Date().toTimeString().slice(0, 5);
  root.dataset.kind = who ? "message" : "event";
  if (who) {
    name.textContent = words("says", { name: nameOf(who) });
    colour(name, who.color_hue);
  } else name.remove();
  said.textContent = text;
  const list = $("lines");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(root);
  while (list.children.length > MOST_LINES) list.firstElementChild.remove();
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

function put(kind, text, hue = null) {
  const over = $("over");
  if (over.children.length >= MOST_AT_ONCE) return null;
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  if (hue !== null) colour(element, hue);
  element.addEventListener("animationend", () => element.remove());
  over.append(element);
  return element;
}
