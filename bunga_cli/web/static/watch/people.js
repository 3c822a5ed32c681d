// The list of watchers: how each stands, and how far from the room.

import { $, colour, copyOf, initial, write } from "./dom.js";
import { nameOf } from "./room.js";
import { signed, words } from "./words.js";

const CLOSE_US = 80_000;
const rows = new Map();

export function showPeople(watchers, ownId) {
  const here = new Set(watchers.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (here.has(id)) continue;
    row.root.remove();
    rows.delete(id);
  }
  for (const watcher of watchers) fill(rowOf(watcher.id), watcher, ownId);
  write($("people-count"), String(watchers.length));
}

function rowOf(id) {
  if (!rows.has(id)) {
    rows.set(id, copyOf("watcher"));
    $("people").append(rows.get(id).root);
  }
  return rows.get(id);
}

function fill(row, watcher, ownId) {
  const name = nameOf(watcher);
  colour(row.avatar, watcher.color_hue);
  write(row.initial, initial(name));
  write(row.name, watcher.id === ownId ? words("you", { name }) : name);
  row.state.dataset.state = row.dot.dataset.state = watcher.state;
  write(row.text, words(watcher.state));
  const isClose = watcher.drift === null || Math.abs(watcher.drift) <= CLOSE_US;
  row.drift.dataset.state = isClose ? "off" : "warning";
  write(row.drift, watcher.drift === null ? "" : words("ms", { n: signed(watcher.drift / 1_000) }));
}
