// Of several places where a video can be opened, everybody may choose their own.

import { $ } from "./dom.js";
import { words } from "./words.js";

// `open(sources)` opens the first of them that can be opened.
export function bindSourceChoice(open) {
  let sources = [];

  $("source").addEventListener("change", () => {
    const at = Number($("source").value);
    open([...sources.slice(at), ...sources.slice(0, at)]);
  });

  return {
    show(found) {
      sources = found;
      $("sources").hidden = found.length < 2;
      $("source").replaceChildren(...found.map((_, i) => new Option(words("sourceOf", { n: i + 1, all: found.length }), String(i))));
    },
    // Which one is open, after others may have failed.
    follow(source) {
      const at = sources.indexOf(source);
      if (at >= 0 && document.activeElement !== $("source")) $("source").value = String(at);
    },
  };
}
