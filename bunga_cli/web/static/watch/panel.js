// How well this picture is in step, in figures.

import { $, write } from "./dom.js";
import { signed, words } from "./words.js";

const SHOWN = 120;
const offsets = [];
let last;

export function showSync(player, clock, now) {
  const { controller } = player;
  if (controller.lastError !== null && controller.lastError !== last) {
    last = controller.lastError;
    offsets.push(last);
    if (offsets.length > SHOWN) offsets.shift();
  }
  if (!$("sync").open) return;
  const bound = clock.isKnown ? clock.bound(now * 1_000) / 1_000 : null;
  const isFollowing = !player.video.paused && controller.lastError !== null;
  write($("sync-offset"), isFollowing ? words("ms", { n: signed(controller.lastError) }) : words("resting"));
  write($("sync-bound"), bound === null ? words("unknown") : words("ms", { n: `±${bound.toFixed(1)}` }));
  write($("sync-trip"), clock.isKnown ? words("ms", { n: (clock.roundTrip / 1_000).toFixed(1) }) : words("unknown"));
  write($("sync-corrections"), String(controller.corrections));
  write($("sync-seeks"), String(controller.seeks));
  draw();
}

// The line of zero is in the middle; what is more than 50 ms off stands at the edge.
function draw() {
  const points = offsets.map((offset, i) => {
    const share = Math.max(-1, Math.min(1, offset / 50));
    return `${((100 * i) / (SHOWN - 1)).toFixed(1)},${(16 - 15 * share).toFixed(1)}`;
  });
  $("sync-line").setAttribute("points", points.join(" "));
}
