import assert from "node:assert/strict";
import { test } from "node:test";

import { isMoving, isNews, isToRun, positionAt, untilAt, untilStop } from "../../bunga_cli/web/static/watch/timeline.js";

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

test("before a stop that is to come, it goes on, and rests at the place that was told", () => {
  const stopping = { ...state, rate_before: 1, rate: 0 };
  assert.equal(positionAt(stopping, 400_000), 59_400_000);
  assert.equal(isMoving(stopping, 400_000), true);
  assert.equal(isToRun(stopping), false);
  assert.equal(untilStop(stopping, 400_000), 600_000);
  assert.equal(positionAt(stopping, 1_200_000), 60_000_000);
  assert.equal(isMoving(stopping, 1_200_000), false);
});

test("when it comes by a place is known before it starts, and while it runs", () => {
  const starting = { ...state, rate_before: 0 };
  assert.equal(isToRun(starting), true);
  assert.equal(untilAt(starting, 700_000, 60_000_000), 300_000);
  assert.equal(untilAt(starting, 700_000, 60_250_000), 550_000);
  assert.equal(untilAt(starting, 1_500_000, 60_250_000), -250_000);
  assert.equal(untilStop(starting, 1_500_000), Infinity);
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
  assert.equal(isToRun(parked), false);
});

test("an older state is no news, one of another epoch is", () => {
  assert.equal(isNews(null, state), true);
  assert.equal(isNews(state, state), true);
  assert.equal(isNews(state, { ...state, revision: 6 }), false);
  assert.equal(isNews(state, { ...state, revision: 8 }), true);
  assert.equal(isNews(state, { ...state, epoch: "b", revision: 1 }), true);
});
