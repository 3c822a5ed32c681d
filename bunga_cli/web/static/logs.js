// The server's log: a message is a list of new lines, as HTML. The latest is at the end, and stays in view as long as
// nobody has scrolled away from it.

import { live } from "./live.js";
import { elementOf } from "./morph.js";

const MOST = 1000;
const NEAR_PX = 40;

let stop = () => {};

function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
}

function add(list, lines) {
  const follows = isAtEnd(list);
  for (const html of lines) {
    const line = elementOf(html);
    if (!document.getElementById(line.id)) list.append(line);
  }
  while (list.children.length > MOST) list.firstElementChild.remove();
  document.getElementById("no-lines").hidden = true;
  list.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: list } }));
  if (follows) list.scrollTop = list.scrollHeight;
}

function follow() {
  stop();
  const list = document.getElementById("lines");
  list.scrollTop = list.scrollHeight;
  document.getElementById("following").hidden = false;
  stop = live(document.getElementById("found").dataset.stream, (lines) => add(list, lines));
}

document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "found" && follow());
follow();
