import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSE_MS, Controller, GOOD_MS, median } from "../../bunga_cli/web/static/watch/controller.js";
import { Learned } from "../../bunga_cli/web/static/watch/learned.js";
import { random, storage } from "./kit.js";

const TICK = 25;

// A browser's media clock: each departure from rate 1 moves it by `displacement`, a seek lands `late`.
class Media {
  error = 0;
  rate = 1;
  silentUntil = 0;

  constructor({ displacement = 0, late = 0, noise = 0, next = random(1) }) {
    Object.assign(this, { displacement, late, noise, next });
  }

  run(controller, ms, from = 0) {
    const errors = [];
    for (let now = from; now < from + ms; now += TICK) {
      this.error += TICK * (this.rate - 1);
      const action = controller.observe(now, this.error + this.noise * (this.next() - 0.5));
      if (action?.rate) {
        if (action.rate === 1) this.error += this.displacement;
        this.rate = action.rate;
      } else if (action) this.error = action.seekAhead - this.late;
      errors.push(this.error);
    }
    return errors;
  }
}

const controllerWith = (kept = storage()) => new Controller(new Learned(kept));

test("the median of an odd number of readings is the one in the middle", () => {
  assert.equal(median([5, -1, 3]), 3);
});

test("what is close enough is left alone", () => {
  const controller = controllerWith();
  const media = new Media({ noise: 0.2 });
  media.error = GOOD_MS - 0.5;
  media.run(controller, 1_000);
  media.error = CLOSE_MS - 0.5;
  media.run(controller, 60_000, 1_000);
  assert.equal(controller.corrections, 0);
  assert.equal(controller.seeks, 0);
});

for (const displacement of [0, -17.5, -25]) {
  for (const start of [-900, -60, 12, 300, 950]) {
    test(`${start} ms are made good where an episode moves the clock by ${displacement} ms`, () => {
      const controller = controllerWith();
      const media = new Media({ displacement, noise: 0.2 });
      media.error = start;
      const errors = media.run(controller, 60_000);
      assert.ok(errors.slice(-1_200).every((error) => Math.abs(error) <= CLOSE_MS), `${errors.at(-1)}`);
      assert.equal(media.rate, 1);
      assert.equal(controller.seeks, 0);
      assert.ok(controller.corrections <= 4, `${controller.corrections} corrections`);
    });
  }
}

test("what was learned makes the next correction the last", () => {
  const kept = storage();
  const media = new Media({ displacement: -17.5 });
  media.error = 100;
  media.run(controllerWith(kept), 30_000);

  const again = controllerWith(kept);
  media.error = 100;
  media.run(again, 30_000);
  assert.equal(again.corrections, 1);
  assert.ok(Math.abs(media.error) <= CLOSE_MS);
});

test("what is far off is sought, and the second seek lands on time", () => {
  const controller = controllerWith();
  const media = new Media({ late: 90 });
  media.error = -5_000;
  media.run(controller, 700);
  assert.equal(controller.seeks, 1);
  assert.equal(media.error, -90);

  media.run(controller, 20_000, 700);
  media.error = -5_000;
  media.run(controller, 1_000, 20_700);
  assert.equal(controller.seeks, 2);
  assert.ok(Math.abs(media.error) <= CLOSE_MS, `${media.error}`);
});

test("a player that cannot get there does not seek for ever", () => {
  const controller = controllerWith();
  const media = new Media({ late: 5_000 });
  media.error = -5_000;
  media.run(controller, 9_900);
  assert.equal(controller.seeks, 3);
});

test("nothing is decided while the rate is another one", () => {
  const controller = controllerWith();
  let action = null;
  let now = 0;
  while (!action) action = controller.observe((now += TICK), 500);
  assert.ok(action.rate < 1 && action.rate >= 0.95, `${action.rate}`);
  for (let i = 0; i < 10; i += 1) assert.equal(controller.observe((now += TICK), 5_000), null);
});

test("a start that lands late is made earlier the next time", () => {
  const learned = new Learned(storage());
  const controller = new Controller(learned);
  controller.started(0, "afterSeek", 10);
  for (let now = 0; now < 1_000; now += TICK) controller.observe(now, -60);
  assert.equal(learned.get("afterSeek"), 70);
  assert.equal(learned.get("resume"), 0);
});

test("a seek teaches, however long it takes", () => {
  const learned = new Learned(storage());
  const controller = new Controller(learned);
  let now = 0;
  while (!controller.observe((now += TICK), -5_000)) assert.ok(now < 1_000);
  for (let i = 0; i < 40; i += 1) controller.interrupted((now += TICK));
  for (let i = 0; i < 30; i += 1) controller.observe((now += TICK), -90);
  assert.equal(learned.get("seek"), 90);
});

test("an interruption ends an episode, and teaches nothing of it", () => {
  const learned = new Learned(storage());
  const controller = new Controller(learned);
  let now = 0;
  while (!controller.observe((now += TICK), 500)) assert.ok(now < 1_000);
  controller.interrupted((now += TICK));
  for (let i = 0; i < 30; i += 1) controller.observe((now += TICK), 2);
  assert.equal(learned.get("displacement"), 0);
});

test("an end that came late is not taken for the browser's way", () => {
  const learned = new Learned(storage());
  const controller = new Controller(learned);
  let now = 0;
  let action = null;
  while (!action) action = controller.observe((now += TICK), -500);
  now += 10_400; // an episode of 10 s, and 400 ms in which nobody looked
  assert.deepEqual(controller.observe(now, 20), { rate: 1 });
  for (let i = 0; i < 30; i += 1) controller.observe((now += TICK), 20 + 1);
  assert.ok(Math.abs(learned.get("displacement") - 1) < 0.01, `${learned.get("displacement")}`);
});

test("a picture that stood still for a while teaches nothing about rates", () => {
  const learned = new Learned(storage());
  const controller = new Controller(learned);
  let now = 0;
  let action = null;
  while (!action) action = controller.observe((now += TICK), -50);
  while (action?.rate !== 1) action = controller.observe((now += TICK), -50);
  for (let i = 0; i < 30; i += 1) controller.observe((now += TICK), -350);
  assert.equal(learned.get("displacement"), 0);
});

test("after a start it is not content with what is just close enough", () => {
  const controller = controllerWith();
  const media = new Media({ noise: 0.2 });
  controller.started(0, "resume", 0);
  media.error = CLOSE_MS - 0.5;
  media.run(controller, 10_000);
  assert.equal(controller.corrections, 1);
  assert.ok(Math.abs(media.error) <= GOOD_MS, `${media.error}`);
});

test("a browser whose clock cannot be moved so finely is left alone after some tries", () => {
  const controller = controllerWith();
  const random3 = random(3);
  const media = new Media({});
  media.error = 3;
  for (let now = 0; now < 60_000; now += TICK) {
    const action = controller.observe(now, media.error);
    if (action?.rate === 1) media.error = (random3() < 0.5 ? -1 : 1) * (GOOD_MS + 1);
  }
  assert.ok(controller.corrections <= 4, `${controller.corrections}`);
});

test("a picture that falls back while it is to catch up is sent after the room, at most three times", () => {
  const controller = controllerWith();
  const media = new Media({ late: 0 });
  media.error = -60;
  let now = 0;
  while (now < 9_000) {
    const action = controller.observe((now += TICK), media.error);
    if (action?.rate === 1) media.error = -400;
    else if (action?.seekAhead !== undefined) media.error = -30;
  }
  assert.ok(controller.seeks >= 1 && controller.seeks <= 3, `${controller.seeks}`);
});

test("what one episode cannot make good whole is left to the next", () => {
  const controller = controllerWith();
  const media = new Media({ displacement: -30 });
  media.error = -700;
  media.run(controller, 60_000);
  assert.equal(controller.seeks, 0);
  assert.ok(Math.abs(media.error) <= CLOSE_MS);
});
