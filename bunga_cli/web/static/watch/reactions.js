// Emojis: large ones for all to see, and sparks at a place of the picture; and what a press on the picture means.

import { $, write } from "./dom.js";
import { words } from "./words.js";

const DOUBLE_MS = 300;
const EDGE = 0.001; // the app takes no whole numbers

// Return where the picture is in its element, which may be wider or higher than it.
export function pictureOf({ clientWidth, clientHeight, videoWidth, videoHeight }) {
  const scale = videoWidth ? Math.min(clientWidth / videoWidth, clientHeight / videoHeight) : 0;
  const [width, height] = scale ? [videoWidth * scale, videoHeight * scale] : [clientWidth, clientHeight];
  return { left: (clientWidth - width) / 2, top: (clientHeight - height) / 2, width, height };
}

// Return the place in the picture of a place in its element, as fractions.
function fractionAt(video, x, y) {
  const { left, top, width, height } = pictureOf(video);
  const within = (share) => Math.round(1e4 * Math.min(1 - EDGE, Math.max(EDGE, share))) / 1e4;
  return [within((x - left) / width), within((y - top) / height)];
}

// `send(code, fields)` asks the room; `act` has toggle() and step(ms).
export function bindReactions({ video, send, act }) {
  let chosen = null;
  let touched = { at: -Infinity, third: null };

  function choose(emoji) {
    chosen = emoji;
    for (const button of $("sparks").querySelectorAll("[data-spark]")) button.setAttribute("aria-pressed", String(button.dataset.spark === emoji));
    write($("spark-hint"), emoji ? words("sparkHint") : "");
    $("box").dataset.sparks = String(emoji !== null);
  }

  const sparkAt = (fraction) => send("spark", { emoji: chosen ?? $("sparks").querySelector("[data-spark]").dataset.spark, fraction });

  // Of fingers, one press shows the controls and two do something: five seconds back or ahead at the sides.
  function touch(event) {
    const third = Math.floor((3 * event.offsetX) / video.clientWidth);
    const isSecond = event.timeStamp - touched.at < DOUBLE_MS && third === touched.third;
    touched = isSecond ? { at: -Infinity, third: null } : { at: event.timeStamp, third };
    if (!isSecond) return;
    if (third === 1) act.toggle();
    else act.step(third < 1 ? -5_000 : 5_000);
  }

  video.addEventListener("click", (event) => {
    if (chosen) sparkAt(fractionAt(video, event.offsetX, event.offsetY));
    else if (event.pointerType === "touch") touch(event);
    else act.toggle();
  });
  $("sparks").addEventListener("click", (event) => {
    const button = event.target.closest("[data-spark]");
    if (button) choose(button.dataset.spark === chosen ? null : button.dataset.spark);
  });
  $("reactions").addEventListener("click", (event) => {
    const button = event.target.closest("[data-emoji]");
    if (button) send("popmoji", { popmoji_code: button.dataset.emoji });
  });

  return {
    sparkInTheMiddle: () => sparkAt([0.5, 0.5]),
    putAway: () => choose(null),
  };
}
