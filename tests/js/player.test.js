import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Learned } from "../../bunga_cli/web/static/watch/learned.js";
import { Player } from "../../bunga_cli/web/static/watch/player.js";
import { storage } from "./kit.js";

globalThis.HTMLMediaElement ??= { HAVE_METADATA: 1, HAVE_FUTURE_DATA: 3, NETWORK_IDLE: 1 };
globalThis.MediaError ??= { MEDIA_ERR_DECODE: 3 };

const TICK = 25;
const SEEK_MS = 60;
const AHEAD_US = 5_000_000; // of the server's clock before ours

// Time that passes when it is told to: timers, and what they move.
class World {
  now = 1_000;
  #timers = new Map();
  #next = 1;

  set(then, ms = 0) {
    this.#timers.set(this.#next, { at: this.now + ms, then });
    return this.#next++;
  }

  clear(id) {
    this.#timers.delete(id);
  }

  run(until, each = () => {}) {
    for (let tick = this.now; tick <= until; tick += TICK) {
      this.#fire(tick);
      this.now = tick;
      each(tick);
    }
  }

  #fire(until) {
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) return;
      this.#timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      due[1].then();
    }
  }
}

// A film of ten minutes; it starts `late` after it is told to, and takes a while for a seek.
class Video {
  paused = true;
  seeking = false;
  ended = false;
  muted = false;
  volume = 1;
  playbackRate = 1;
  duration = 600;
  readyState = 4;
  networkState = 2;
  buffered = { length: 0 };
  calls = [];
  #at = 0;
  #movesFrom = null;

  constructor(world, late) {
    Object.assign(this, { world, late });
  }

  #listeners = [];

  addEventListener(name, listener) {
    this.#listeners.push([name, listener]);
  }

  happens(event) {
    for (const [name, listener] of this.#listeners) if (name === event) listener();
  }

  fails(code) {
    this.error = { code };
    this.happens("error");
  }

  getAttribute = () => this.src;

  removeAttribute() {
    this.src = undefined;
  }

  load() {
    Object.assign(this, { readyState: 0, paused: true });
  }

  get currentTime() {
    const moved = this.#movesFrom === null ? 0 : Math.max(0, this.world.now - this.#movesFrom) / 1_000;
    return this.#at + moved;
  }

  set currentTime(seconds) {
    this.calls.push(["seek", this.world.now, seconds]);
    this.#at = seconds;
    this.#movesFrom = this.paused ? null : this.world.now + SEEK_MS;
    this.seeking = true;
    this.world.set(() => (this.seeking = false), SEEK_MS);
  }

  async play() {
    this.calls.push(["play", this.world.now]);
    this.paused = false;
    this.#movesFrom = this.world.now + this.late;
  }

  pause() {
    this.calls.push(["pause", this.world.now]);
    this.#at = this.currentTime;
    this.#movesFrom = null;
    this.paused = true;
  }
}

const real = { setTimeout, clearTimeout, now: performance.now };
let world;

beforeEach(() => {
  world = new World();
  globalThis.setTimeout = (then, ms) => world.set(then, ms);
  globalThis.clearTimeout = (id) => world.clear(id);
  performance.now = () => world.now;
});

afterEach(() => {
  Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  performance.now = real.now;
});

function playing({ late = 0, learned = {} } = {}) {
  const clock = { isKnown: true, serverTime: (us) => us + AHEAD_US };
  const video = new Video(world, late);
  const kept = storage({ "bunga.learned": JSON.stringify({ sound: learned }) });
  const told = [];
  const on = { opened: () => told.push("opened"), failed: (isUndecodable) => told.push(isUndecodable), blocked() {}, changed() {} };
  const player = new Player(video, clock, new Learned(kept), on);
  player.load([{ url: "film.webm", isStream: false }]);
  return { player, video, told };
}

const state = (more) => ({ play_state: "playing", phase: "run", position: 0, rate: 0, rate_before: 0, at: 0, parked: null, ...more });
const at = (ms) => 1_000 * ms + AHEAD_US;
const called = (video, name) => video.calls.filter(([what]) => what === name).map(([, when]) => when);

test("it goes to the place where the room rests, and is pending meanwhile", () => {
  const { player, video } = playing();
  const prepare = state({ phase: "prepare", position: 30_000_000 });
  player.tick(world.now, prepare);
  assert.equal(player.isPending(world.now), true);
  world.run(1_200, (now) => player.tick(now, prepare));
  assert.equal(video.currentTime, 30);
  assert.equal(player.isPending(world.now), false);
  assert.equal(video.calls.length, 1);
});

test("it is pending until enough is loaded, but not for ever", () => {
  const { player, video } = playing();
  video.readyState = 3;
  const prepare = state({ phase: "prepare" });
  const found = [];
  world.run(4_000, (now) => {
    player.tick(now, prepare);
    found.push(player.isPending(now));
  });
  assert.equal(found[0], true);
  assert.equal(found.at(-1), false);
});

test("it is told to play so much earlier as it takes, between two ticks", () => {
  const { player, video } = playing({ late: 83, learned: { resume: [83] } });
  const start = state({ rate: 1, at: at(1_500) });
  world.run(2_000, (now) => player.tick(now, start));
  assert.deepEqual(called(video, "play"), [1_417]);
  assert.deepEqual(called(video, "pause"), []);
  assert.ok(Math.abs(video.currentTime - 0.5) < 0.001, `${video.currentTime}`);
});

test("a start that is called off before its time does not happen", () => {
  const { player, video } = playing({ learned: { resume: [80] } });
  const start = state({ rate: 1, at: at(1_500) });
  world.run(1_390, (now) => player.tick(now, start));
  const off = state({ play_state: "paused", phase: "rest" });
  player.tick(world.now, off);
  world.run(2_000, (now) => player.tick(now, off));
  assert.deepEqual(called(video, "play"), []);
  assert.equal(video.currentTime, 0);
});

test("a start that was called off after it was told to play ends at the place where the room rests", () => {
  const { player, video } = playing({ late: 80, learned: { resume: [80] } });
  const start = state({ rate: 1, at: at(1_500) });
  world.run(1_450, (now) => player.tick(now, start));
  const off = state({ play_state: "paused", phase: "rest" });
  world.run(2_000, (now) => player.tick(now, off));
  assert.equal(video.paused, true);
  assert.equal(video.currentTime, 0);
});

test("it stops at the moment that is told, and rests at the very place", () => {
  const { player, video } = playing();
  const running = state({ rate: 1, at: at(1_000) });
  world.run(3_000, (now) => player.tick(now, running));
  const stopping = state({ play_state: "paused", phase: "rest", position: 2_207_000, rate_before: 1, at: at(3_207) });
  player.tick(world.now, stopping);
  assert.equal(video.paused, false);
  world.run(4_000, (now) => player.tick(now, stopping));
  assert.deepEqual(called(video, "pause"), [3_207]);
  assert.equal(video.currentTime, 2.207);
});

test("who comes late goes ahead of the room, and starts when the room comes by", () => {
  const { player, video } = playing({ late: 70, learned: { afterSeek: [70] } });
  const running = state({ rate: 1, position: 60_000_000, at: at(1_000) });
  world.run(2_000, (now) => player.tick(now, running));
  const [[, sought, to]] = video.calls;
  assert.equal(sought, 1_000);
  assert.ok(to > 60.2 && to < 60.5, `${to}`);
  assert.equal(called(video, "play").length, 1);
  assert.ok(Math.abs(video.currentTime - 61) < 0.003, `${video.currentTime}`);
});

test("a server that names no moments ahead is followed as well", () => {
  const { player, video } = playing({ late: 40, learned: { resume: [40] } });
  const { rate_before: _, phase: __, ...old } = state({ rate: 1, at: at(990) });
  world.run(1_100, (now) => player.tick(now, old));
  assert.deepEqual(called(video, "play"), [1_000]);
  const { rate_before: ___, phase: ____, ...paused } = state({ position: 100_000, at: at(1_100) });
  world.run(1_400, (now) => player.tick(now, paused));
  assert.deepEqual([video.paused, video.currentTime], [true, 0.1]);
});

test("who is parked waits at that place", () => {
  const { player, video } = playing();
  const parked = state({ rate: 1, position: 5_000_000, at: at(1_000), parked: 40_000_000 });
  world.run(1_500, (now) => player.tick(now, parked));
  assert.deepEqual([video.paused, video.currentTime, player.isPending(world.now)], [true, 40, false]);
});

test("what the room waits for at a start is told from what is known", () => {
  const { player } = playing({ learned: { resume: [-15], afterSeek: [80] } });
  player.tick(world.now, state({}));
  assert.equal(player.startLatency, 0);
  player.tick(world.now, state({ position: 9_000_000 }));
  assert.equal(player.startLatency, 80);
});

test("where timers are slowed down, as in a tab that nobody sees, the ticks start and stop it", () => {
  const { player, video } = playing({ learned: { resume: [0] } });
  globalThis.setTimeout = () => 0;
  const start = state({ rate: 1, at: at(1_510) });
  world.run(2_000, (now) => player.tick(now, start));
  const stopping = state({ play_state: "paused", phase: "rest", position: 600_000, rate_before: 1, at: at(2_110) });
  world.run(2_500, (now) => player.tick(now, stopping));
  assert.deepEqual(called(video, "play"), [1_525]);
  assert.deepEqual(called(video, "pause"), [2_125]);
});

test("what was loaded where it was parked is kept, and starts when the room comes by", () => {
  const { player, video } = playing({ late: 70, learned: { afterSeek: [70] } });
  const parked = state({ rate: 1, position: 5_000_000, at: at(1_000), parked: 15_000_000 });
  world.run(3_000, (now) => player.tick(now, parked));
  const free = { ...parked, parked: null };
  world.run(12_000, (now) => player.tick(now, free));
  assert.equal(called(video, "seek").length, 1);
  assert.deepEqual(called(video, "play"), [10_930]);
  assert.ok(Math.abs(video.currentTime - 16) < 0.003, `${video.currentTime}`);
});

test("who rests much farther ahead than anybody is parked goes back to the room", () => {
  const { player, video } = playing();
  const parked = state({ rate: 1, position: 5_000_000, at: at(1_000), parked: 40_000_000 });
  world.run(1_500, (now) => player.tick(now, parked));
  world.run(3_000, (now) => player.tick(now, { ...parked, parked: null }));
  assert.ok(Math.abs(video.currentTime - 7) < 0.1, `${video.currentTime}`);
});

test("it is along with the room while it runs, and about where that is", () => {
  const { player, video } = playing();
  const running = state({ rate: 1, at: at(1_000) });
  assert.equal(player.isAlong(0), false);
  world.run(3_000, (now) => player.tick(now, running));
  assert.deepEqual([1_500, 2_000, 3_500].map((target) => player.isAlong(target)), [true, true, false]);
  video.pause();
  assert.equal(player.isAlong(2_000), false);
});

test("it tells which state it acted on", () => {
  const { player } = playing();
  assert.equal(player.seenRevision, undefined);
  player.clock.isKnown = false;
  player.tick(world.now, state({ revision: 7 }));
  assert.equal(player.seenRevision, undefined);
  player.clock.isKnown = true;
  player.tick(world.now, state({ revision: 8 }));
  assert.equal(player.seenRevision, 8);
});

test("where all sources fail it is told whether the browser cannot decode them", () => {
  const { player, video, told } = playing();
  const sources = ["a", "b"].map((url) => ({ url, isStream: false }));
  for (const [first, second, isUndecodable] of [[3, 3, true], [2, 3, false], [4, 4, false]]) {
    player.load(sources);
    video.fails(first);
    assert.equal(video.src, "b");
    video.fails(second);
    assert.deepEqual([told.at(-1), player.isLost], [isUndecodable, true]);
  }
});

test("nobody waits for another try before something is loaded", () => {
  const { player, video, told } = playing();
  video.fails(2);
  player.load([{ url: "film.webm", isStream: false }], { isAgain: true });
  assert.deepEqual([player.isPending(world.now), player.isLoaded], [false, false]);
  video.readyState = 1;
  video.happens("loadedmetadata");
  assert.deepEqual([player.isPending(world.now), player.isLoaded, told.at(-1)], [false, true, "opened"]);
  video.readyState = 4;
  assert.equal(player.isPending(world.now), false);
  video.readyState = 2;
  assert.equal(player.isPending(world.now), false);
  assert.equal(player.isPending(world.now + 1_000), true);
});
