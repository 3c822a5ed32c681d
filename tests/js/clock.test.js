import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Asking, Clock, HISTORY } from "../../bunga_cli/web/static/watch/clock.js";
import { percentile, random } from "./kit.js";

const MS = 1_000;
const SECOND = 1_000_000;

// A server whose clock is `ahead` and runs `drift` faster; `there` and `back` are how long each way takes.
function exchange(at, { ahead = 0, drift = 0, there, back, work = 50 }) {
  const server = (time) => Math.round(time * (1 + drift) + ahead);
  return { t0: Math.round(at), t1: server(at + there), t2: server(at + there + work), t3: Math.round(at + there + work + back) };
}

test("one exchange tells the offset within half of the round trip", () => {
  const clock = new Clock({ grain: 0 });
  assert.equal(clock.isKnown, false);
  assert.equal(clock.roundTrip, null);
  assert.equal(clock.bound(0), Infinity);
  clock.add(exchange(0, { ahead: 5 * SECOND, there: 30 * MS, back: 10 * MS }));
  assert.ok(Math.abs(clock.offset(40 * MS + 50) - (5 * SECOND + 10 * MS)) < 10);
  assert.ok(Math.abs(clock.bound(40 * MS + 50) - 20 * MS) < 10);
  assert.equal(clock.roundTrip, 40 * MS);
});

test("a quick way there and a quick way back need not be of the same exchange", () => {
  const clock = new Clock();
  clock.add(exchange(0, { ahead: SECOND, there: 10 * MS, back: 90 * MS }));
  clock.add(exchange(SECOND, { ahead: SECOND, there: 90 * MS, back: 10 * MS }));
  const now = 1.1 * SECOND + 50;
  assert.ok(Math.abs(clock.offset(now) - SECOND) < 200, `${clock.offset(now)}`);
  assert.ok(clock.bound(now) < 11.5 * MS); // the browser's grain is in it
});

test("the offset is never wrong by more than the bound", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = random(seed);
    const ahead = (next() - 0.5) * 10 * SECOND;
    const drift = (next() - 0.5) * 200e-6;
    const [there, back] = [next() * 200 * MS, next() * 200 * MS];
    const clock = new Clock();
    let at = 10 * SECOND * next();
    for (let i = 0; i < 80; i += 1) {
      const spike = () => (next() < 0.05 ? 400 * MS * next() : 0) - 20 * MS * Math.log(1 - next());
      const sample = exchange(at, { ahead, drift, there: there + spike(), back: back + spike() });
      clock.add(sample);
      const now = sample.t3 + next() * 2 * SECOND;
      const error = Math.abs(clock.offset(now) - (now * drift + ahead));
      assert.ok(error <= clock.bound(now), `seed ${seed}, exchange ${i}: off by ${error}, bound ${clock.bound(now)}`);
      at = sample.t3 + next() * 5 * SECOND;
    }
  }
});

for (const [trip, limit] of [[20, 1], [100, 1.5], [300, 2.5]]) {
  test(`a symmetric path of ${trip} ms is known to ${limit} ms`, () => {
    const errors = [];
    for (let seed = 1; seed <= 40; seed += 1) {
      const next = random(seed);
      const jitter = () => -0.05 * trip * MS * Math.log(1 - next()) + (next() < 0.05 ? (100 + 300 * next()) * MS : 0);
      const clock = new Clock();
      for (let i = 0; i < 60; i += 1) {
        const sample = exchange((i + 1) * SECOND, { ahead: 5 * SECOND, drift: 30e-6, there: (trip / 2) * MS + jitter(), back: (trip / 2) * MS + jitter() });
        clock.add(sample);
        if (i >= 10) errors.push(Math.abs(clock.offset(sample.t3) - (sample.t3 * 30e-6 + 5 * SECOND)) / MS);
      }
    }
    assert.ok(percentile(errors, 0.95) <= limit, `p95 is ${percentile(errors, 0.95)} ms`);
  });
}

test("a clock that jumps is noticed, and what was known before is forgotten", () => {
  for (const jump of [SECOND, -SECOND]) {
    const clock = new Clock();
    for (let i = 0; i < 5; i += 1) assert.equal(clock.add(exchange(i * SECOND, { there: 5 * MS, back: 5 * MS })), false);
    assert.equal(clock.add(exchange(6 * SECOND, { ahead: jump, there: 5 * MS, back: 5 * MS })), true);
    assert.equal(clock.count, 1);
    assert.ok(Math.abs(clock.offset(6 * SECOND) - jump) <= MS);
  }
});

test("only so many exchanges are remembered", () => {
  const clock = new Clock();
  for (let i = 0; i < HISTORY + 10; i += 1) clock.add(exchange(i * SECOND, { there: 5 * MS, back: 5 * MS }));
  assert.equal(clock.count, HISTORY);
});

test("an exchange that cannot be is left out", () => {
  const clock = new Clock();
  assert.equal(clock.add({ t0: 10, t1: 0, t2: 0, t3: 5 }), false);
  assert.equal(clock.add({ t0: 10, t1: 5, t2: 0, t3: 20 }), false);
  assert.equal(clock.isKnown, false);
});

const CASES = new URL("../data/clock/", import.meta.url);

for (const name of readdirSync(CASES)) {
  test(`it makes the same of ${name} as the filter in Python`, () => {
    const { grain, later, rows } = JSON.parse(readFileSync(new URL(name, CASES)));
    const clock = new Clock({ grain });
    for (const [[t0, t1, t2, t3], [hasStepped, count, roundTrip, ...truths]] of rows) {
      assert.equal(clock.add({ t0, t1, t2, t3 }), hasStepped);
      assert.equal(clock.count, count);
      assert.equal(clock.roundTrip, roundTrip);
      const known = [t3, t3 + later].flatMap((now) => [clock.offset(now), clock.bound(now)]);
      truths.forEach((truth, i) => assert.ok(Math.abs(known[i] - truth) < 0.01, `${known[i]} is not ${truth}`));
    }
  });
}

test("ten questions are asked in a burst, then one a second, or one in five where nothing plays", () => {
  const asking = new Asking();
  asking.burst();
  const asked = [];
  for (let now = 0; now < 20_000; now += 25) if (asking.isDue(now, now < 10_000)) asked.push(now);
  assert.deepEqual(asked.slice(0, 11), [0, 150, 300, 450, 600, 750, 900, 1050, 1200, 1350, 2350]);
  assert.ok(asked.at(-1) - asked.at(-2) >= 5_000);
});
