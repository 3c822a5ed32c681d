import assert from "node:assert/strict";
import { test } from "node:test";

import { isMoving, isNews, positionAt } from "../../bunga_cli/web/static/watch/timeline.js";

const state = { epoch: "a", revision: 7, position: 60_000_000, rate: 1, at: 1_000_000, parked: null };

test("a room that plays is where its vector leads", () => {
  assert.equal(positionAt(state, 1_000_000), 60_000_000);
  assert.equal(positionAt(state, 3_500_000), 62_500_000);
  assert.equal(isMoving(state, 1_000_000), true);
});

test("before a start that is to come, it rests", () => {
  assert.equal(positionAt(state, 500_000), 60_000_000);
  assert.equal(isMoving(state, 500_000), false);
});

test("a room that rests stays where it is", () => {
  const resting = { ...state, rate: 0 };
  assert.equal(positionAt(resting, 9_000_000), 60_000_000);
  assert.equal(isMoving(resting, 9_000_000), false);
});

test("who is parked rests there, while the room goes on", () => {
  const parked = { ...state, parked: 90_000_000 };
  assert.equal(positionAt(parked, 9_000_000), 90_000_000);
  assert.equal(isMoving(parked, 9_000_000), false);
});

test("an older state is no news, one of another epoch is", () => {
  assert.equal(isNews(null, state), true);
  assert.equal(isNews(state, state), true);
  assert.equal(isNews(state, { ...state, revision: 6 }), false);
  assert.equal(isNews(state, { ...state, revision: 8 }), true);
  assert.equal(isNews(state, { ...state, epoch: "b", revision: 1 }), true);
});
