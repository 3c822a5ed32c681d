// What the page says in place of the picture: the gravest alone.

import { $, write } from "./dom.js";
import { words } from "./words.js";

export class Notice {
  #trouble = { name: "connecting" }; // a sentence about the connection, and what belongs into it
  #problem = null; // one about the video

  // `is` has blocked() and on(): whether the browser wants to be clicked on, and whether there is a video.
  constructor(is) {
    this.is = is;
  }

  trouble(name, values) {
    this.#trouble = name && { name, values };
    this.show();
  }

  problem(name, values) {
    this.#problem = name && { name, values };
    this.show();
  }

  show() {
    const said = this.#trouble ?? this.#problem ?? (this.is.on() ? null : { name: "nothingYet" });
    const isAsleep = this.is.blocked() && !this.#trouble && !this.#problem;
    $("unblock").hidden = !isAsleep;
    $("pick").hidden = !["onADisk", "unreadable"].includes(said?.name);
    $("notice").hidden = !said && !isAsleep;
    $("notice").dataset.kind = this.#trouble ? "trouble" : "";
    const shown = said ?? (isAsleep ? { name: "blocked" } : null);
    write($("notice-text"), shown ? words(shown.name, shown.values) : "");
  }
}
