import assert from "node:assert/strict";
import { test } from "node:test";

import { isFilmOver } from "../../bunga_cli/web/static/watch/ending.js";

const FILM = { record_id: "film", source: "gallery", path: "x" };
const LENGTH = 90_000;
const [ANN, BOB] = [{ id: "ann", state: "ready" }, { id: "bob", state: "ready" }];
const state = (more) => ({ watchers: [ANN, BOB], position: 80_000_000, rate: 1, rate_before: 1, at: 5_000_000, parked: null, ...more });
const at = (seconds) => 5_000_000 + 1_000_000 * (seconds - 80); // when the room of `state` is there

test("a film is over when the room is at its end", () => {
  assert.equal(isFilmOver(FILM, state(), at(90), LENGTH), true);
});

test("it is told again until it counts", () => {
  assert.equal(isFilmOver(FILM, state(), at(101), LENGTH), true);
});

test("one who is alone ends it whenever that is noticed", () => {
  assert.equal(isFilmOver(FILM, state({ watchers: [ANN, { ...BOB, state: "away" }] }), at(400), LENGTH), true);
});

for (const [name, record, found, seconds, duration] of [
  ["of one who went to the end because the room soon gets there", FILM, {}, 85, LENGTH],
  ["of one who is parked beyond it", FILM, { parked: 95_000_000 }, 90, LENGTH],
  ["of one whose film ended long before", FILM, {}, 400, LENGTH],
  ["in a room that is paused", FILM, { rate: 0, rate_before: 0, position: 90_000_000 }, 90, LENGTH],
  ["of a file that is not the one that is on, and shorter, also alone", { ...FILM, source: "local", path: "size=9,ms=7200000/a.mkv" }, { watchers: [ANN] }, 90, LENGTH],
  ["of a file that is shorter than the others'", { ...FILM, source: "local", path: "size=9,ms=7200000/a.mkv" }, {}, 90, LENGTH],
  ["of a stream that has none", FILM, {}, 90, null],
]) {
  test(`the end of the picture is not that of the film: ${name}`, () => {
    assert.equal(isFilmOver(record, state(found), at(seconds), duration), false);
  });
}

for (const path of ["size=9,ms=90400/a.mkv", "size=9,ms=0/a.mkv", "/home/ann/a.mkv"]) {
  test(`the end of a file that is the others', as far as is known: ${path}`, () => {
    assert.equal(isFilmOver({ ...FILM, source: "local", path }, state(), at(90), LENGTH), true);
  });
}

test("where nothing is known there is no end", () => {
  assert.equal(isFilmOver(null, state(), at(90), LENGTH), false);
  assert.equal(isFilmOver(FILM, null, at(90), LENGTH), false);
});
