import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

const real = { now: performance.now, date: Date.now };
const AHEAD_US = 5_000_000; // of the server's clock before ours

globalThis.Worker = class {
  postMessage() {}
};
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
const { Following } = await import("../../bunga_cli/web/static/watch/following.js");

let now;
let asleepMs;

beforeEach(() => {
  [now, asleepMs] = [1_000, 0];
  performance.now = () => now;
  Date.now = () => now + asleepMs;
});

afterEach(() => {
  performance.now = real.now;
  Date.now = real.date;
});

const state = (revision, more) => ({ epoch: "one", revision, phase: "rest", play_state: "paused", position: 0, rate: 0, at: 0, parked: null, ...more });

// A page that follows a room; its picture acts as the player does, and is ready at once.
function page({ isLoaded = true } = {}) {
  const statuses = [];
  const room = { state: state(5), isUnknown: false, isHeld: () => false };
  const following = new Following();
  const player = { isLoaded, isBlocked: false, seenRevision: undefined, position: 0, bufferedAhead: 0, startLatency: 0, isPending: () => false };
  player.tick = (_, { revision }) => player.isLoaded && following.clock.isKnown && (player.seenRevision = revision);
  const connection = { isOpen: true, check() {}, hurry() {}, send: (message) => message.code === "client-status" && statuses.push(message) };
  following.begin({ connection, room, player, on: { tick() {} } });
  const learn = () => following.answered({ t0: 1_000 * now, t1: 1_000 * now + AHEAD_US, t2: 1_000 * now + AHEAD_US }, now);
  return { following, room, player, learn, statuses, said: () => statuses.map(({ is_pending, revision }) => [is_pending, revision]) };
}

function hear({ room, following }, news) {
  if (news.epoch !== room.state.epoch) following.restart({ isOther: true });
  room.state = news;
  following.act();
}

test("who does not know the time yet is not ready for what is on", () => {
  const ann = page();
  ann.following.act();
  assert.equal(ann.statuses.at(-1).is_pending, true);
  ann.learn();
  now += 25;
  ann.following.act();
  assert.deepEqual(ann.said().at(-1), [false, 5]);
});

test("who has slept is ready for another place when the picture was sent there, and says so at once", () => {
  const ann = page();
  ann.learn();
  ann.following.act();
  assert.deepEqual(ann.said(), [[false, 5]]);
  asleepMs += 60_000;
  hear(ann, state(6, { phase: "prepare", position: 90_000_000 }));
  now += 25;
  ann.following.act();
  assert.ok(ann.said().every(([, revision]) => revision === 5), `${ann.said()}`);
  ann.learn();
  now += 25;
  ann.following.act();
  assert.deepEqual(ann.said().at(-1), [false, 6]);
});

test("a step of a clock in a room that plays keeps nobody waiting", () => {
  const ann = page();
  ann.learn();
  hear(ann, state(6, { phase: "run", play_state: "playing", rate: 1 }));
  asleepMs += 400;
  now += 1_000;
  ann.following.act();
  assert.deepEqual(ann.said().at(-1), [false, 6]);
});

test("what was seen of another server counts for nothing", () => {
  const ann = page();
  ann.learn();
  ann.following.act();
  hear(ann, state(3, { epoch: "two", phase: "prepare" }));
  assert.equal(ann.statuses.at(-1).is_pending, true);
  ann.learn();
  now += 25;
  ann.following.act();
  assert.deepEqual(ann.said().at(-1), [false, 3]);
});

test("who cannot open what is on keeps nobody waiting", () => {
  const ann = page({ isLoaded: false });
  hear(ann, state(6, { phase: "prepare" }));
  assert.deepEqual(ann.said().at(-1), [false, 6]);
});
