import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Opening } from "../../bunga_cli/web/static/watch/opening.js";

const real = { setTimeout, clearTimeout, now: performance.now };
let timers;
let now;

beforeEach(() => {
  timers = new Map();
  now = 1_000;
  let next = 1;
  globalThis.setTimeout = (then, ms) => (timers.set(next, { then, ms }), next++);
  globalThis.clearTimeout = (id) => timers.delete(id);
  performance.now = () => now;
});

afterEach(() => {
  Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  performance.now = real.now;
});

const settle = () => new Promise(setImmediate);

// Let pass what there is to wait for, and return how long that was.
async function wait() {
  const [[id, { then, ms }]] = timers;
  timers.delete(id);
  now += ms;
  then();
  await settle();
  return ms;
}

const FILM = { record_id: "film", source: "gallery", path: "x" };
const FOUND = { sources: [{ url: "film.webm", isStream: false }] };
const AWAY = { reason: "unopened", isForNow: true };

// A page whose film is found, or is not, by `answers`: the last one stays.
function page(...answers) {
  const did = [];
  const player = {
    isLost: false,
    unload: () => did.push("unload"),
    expect: () => did.push("expect"),
    load: (_, { isAgain = false } = {}) => did.push(isAgain ? "load again" : "load"),
    giveUp: () => (player.isLost = true),
  };
  const said = [];
  const asked = [];
  const find = async (record) => (asked.push(record), answers.length > 1 ? answers.shift() : answers[0]);
  const opening = new Opening(player, find, { found() {}, problem: (name) => said.push(name) });
  // What the player says when nothing can be played.
  const fail = (isUndecodable) => {
    player.isLost = true;
    opening.failed(isUndecodable);
  };
  return { opening, player, did, said, asked, fail };
}

test("what is on is found and opened", async () => {
  const { opening, did, said } = page(FOUND);
  await opening.open(FILM);
  assert.deepEqual([did, said, timers.size], [["expect", "load"], [null], 0]);
});

test("what cannot be found for now is looked for again and again, ever less often, and nobody waits for that", async () => {
  const { opening, did, said } = page(AWAY);
  await opening.open(FILM);
  assert.equal(said.at(-1), "unreached");
  const waited = [];
  for (let i = 0; i < 7; i += 1) waited.push(await wait());
  assert.deepEqual(waited, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.deepEqual(did, ["expect"]);
});

test("it is opened when it is found at last", async () => {
  const { opening, did } = page(AWAY, AWAY, FOUND);
  await opening.open(FILM);
  await wait();
  await wait();
  assert.deepEqual([did, timers.size], [["expect", "load again"], 0]);
});

test("what will never be found is not looked for again", async () => {
  const { opening, said, asked } = page({ reason: "needsApp" });
  await opening.open(FILM);
  opening.hurry();
  assert.deepEqual([said.at(-1), timers.size, asked.length], ["needsApp", 0, 1]);
});

test("what was open and does not come any more is found anew", async () => {
  const { opening, did, said, asked, fail } = page(FOUND);
  await opening.open(FILM);
  opening.opened();
  fail(false);
  assert.equal(said.at(-1), "unreached");
  for (const ms of [2_000, 4_000, 8_000]) {
    assert.equal(await wait(), ms);
    fail(false);
  }
  assert.equal(asked.length, 4);
  assert.equal(did.at(-1), "load again");
  opening.opened();
  assert.equal(said.at(-1), null);
});

test("what fails after a long peace is looked for soon", async () => {
  const { opening, fail } = page(FOUND);
  await opening.open(FILM);
  opening.opened();
  for (let i = 0; i < 5; i += 1) {
    fail(false);
    await wait();
  }
  now += 100_000;
  fail(false);
  assert.equal(await wait(), 2_000);
});

for (const [name, wasOpen, isUndecodable] of [["cannot be decoded", true, true], ["was never open", false, false]]) {
  test(`what ${name} is tried once more`, async () => {
    const { opening, said, asked, fail } = page(FOUND);
    await opening.open(FILM);
    if (wasOpen) opening.opened();
    fail(isUndecodable);
    assert.equal(said.at(-1), "unplayable");
    assert.equal(await wait(), 2_000);
    fail(isUndecodable);
    assert.deepEqual([timers.size, asked.length], [0, 2]);
  });
}

test("when the network is back it is looked for at once", async () => {
  const { opening, player, asked } = page(AWAY, AWAY, AWAY, FOUND);
  await opening.open(FILM);
  await wait();
  await wait();
  opening.hurry();
  await settle();
  assert.deepEqual([asked.length, timers.size], [4, 0]);
  player.isLost = false;
  opening.hurry();
  assert.equal(asked.length, 4);
});

test("another film, and what a person chose, is not disturbed by an old look", async () => {
  const { opening, player, did, asked } = page(AWAY);
  await opening.open(FILM);
  opening.load(FOUND.sources);
  assert.equal(timers.size, 0);
  player.isLost = true;
  opening.hurry();
  opening.load(FOUND.sources);
  await settle();
  assert.deepEqual([did.at(-1), timers.size, player.isLost], ["load", 0, true]);
  await opening.open({ ...FILM, record_id: "other" });
  await opening.open(null);
  assert.deepEqual([timers.size, did.at(-1)], [0, "unload"]);
  opening.hurry();
  assert.equal(asked.length, 3);
});
