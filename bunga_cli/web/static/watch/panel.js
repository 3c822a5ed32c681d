// How well this picture is in step, in figures.

import { $, write } from "./dom.js";
import { signed, words } from "./words.js";

const SHOWN = 120;
const REACH_MS = 50; // what the graph shows
const LEVELS = [[10, "ok", "inStep"], [40, "warning", "almostInStep"], [Infinity, "failure", "outOfStep"]];
const offsets = [];
let last;

export function showSync(player, clock, now) {
  const { controller } = player;
  if (controller.lastError !== null && controller.lastError !== last) {
    last = controller.lastError;
    offsets.push(last);
    if (offsets.length > SHOWN) offsets.shift();
  }
  const isFollowing = !player.video.paused && controller.lastError !== null;
  showOffset(isFollowing ? controller.lastError : null);
  if ($("sync").open) showFigures(controller, clock, now);
}

function showOffset(offset) {
  const [, state, name] = offset === null ? [0, "off", "resting"] : LEVELS.find(([most]) => Math.abs(offset) <= most);
  $("sync").dataset.state = $("sync-dot").dataset.state = state;
  write($("sync-brief"), words(name));
  write($("sync-offset"), offset === null ? words("resting") : words("ms", { n: signed(offset) }));
  write($("sync-side"), offset === null ? "" : words(offset < 0 ? "behindRoom" : "aheadOfRoom"));
}

function showFigures(controller, clock, now) {
  const bound = clock.isKnown ? clock.bound(now * 1_000) / 1_000 : null;
  write($("sync-bound"), bound === null ? words("unknown") : words("ms", { n: `±${bound.toFixed(1)}` }));
  write($("sync-trip"), clock.isKnown ? words("ms", { n: (clock.roundTrip / 1_000).toFixed(1) }) : words("unknown"));
  write($("sync-corrections"), String(controller.corrections));
  write($("sync-seeks"), String(controller.seeks));
  draw(bound ?? REACH_MS);
}

// The line of zero is in the middle, with the clock's uncertainty around it; what is further off stands at the edge.
function draw(bound) {
  const height = (offset) => 16 - 15 * Math.max(-1, Math.min(1, offset / REACH_MS));
  const points = offsets.map((offset, i) => `${((100 * i) / (SHOWN - 1)).toFixed(1)},${height(offset).toFixed(1)}`);
  $("sync-line").setAttribute("points", points.join(" "));
  $("sync-band").setAttribute("y", height(bound).toFixed(1));
  $("sync-band").setAttribute("height", (height(-bound) - height(bound)).toFixed(1));
}
