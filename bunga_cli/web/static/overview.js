// The overview: a message is { name of a piece: its HTML }; all of them at first, then those that are others now.

import { live } from "./live.js";
import { elementOf, morph } from "./morph.js";

live(document.getElementById("stats").dataset.stream, (pieces) => {
  for (const [name, html] of Object.entries(pieces)) {
    const fresh = elementOf(html);
    for (const time of fresh.querySelectorAll("time")) localise(time);
    morph(document.querySelector(`[data-live="${name}"]`), fresh);
  }
});

// Times that the page shows in the reader's own time zone already stay as they are.
function localise(time) {
  const shown = document.querySelector(`time[datetime="${time.getAttribute("datetime")}"][data-local]`);
  if (shown) time.replaceWith(shown.cloneNode(true));
}
