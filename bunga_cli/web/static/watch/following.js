// Keeps a page in step: the clock, the heartbeats, and the picture, on one tick that no browser slows down.

import { Asking, Clock } from "./clock.js";

const BUSY_MS = 25;
const RESTING_MS = 200;
const BEAT_MS = 1_000;
const SLEPT_MS = 250;

export class Following {
  clock = new Clock();
  #asking = new Asking();
  #ticker = new Worker(new URL("ticker.js", import.meta.url), { type: "module" });
  #period = 0;
  #beatAt = 0;
  #wasPending = null;
  #apart = Date.now() - performance.now();

  // `connection`, `room` and `player` are set before it begins; `on.tick(now)` shows what there is to see.
  begin({ connection, room, player, on }) {
    Object.assign(this, { connection, room, player, on });
    this.#ticker.onmessage = () => this.#tick();
    this.#pace(RESTING_MS);
    addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
  }

  // The clock at the server is another one, or this connection is new.
  restart({ isOther = false } = {}) {
    if (isOther) this.clock.clear();
    this.#asking.burst();
    this.#beatAt = 0;
  }

  answered({ t0, t1, t2 }, heardAtMs) {
    if (this.clock.add({ t0, t1, t2, t3: 1_000 * heardAtMs })) this.#asking.burst();
  }

  // Tell at once what has changed.
  hurry() {
    if (this.player.isPending(performance.now()) !== this.#wasPending) this.#beatAt = 0;
  }

  // Do now what the next tick would: the room has changed.
  act() {
    this.#tick();
  }

  #wake() {
    this.#asking.burst();
    this.connection.hurry();
  }

  #tick() {
    const now = performance.now();
    const { state } = this.room;
    this.#noticeSleep(now);
    this.connection.check(now);
    if (this.connection.isOpen && state) {
      if (this.#asking.isDue(now, state.rate > 0)) this.connection.send({ code: "clock", t0: Math.round(1_000 * performance.now()) });
      this.#beat(now);
      if (!this.room.isHeld(now)) this.player.tick(now, state);
    }
    this.#pace(state?.rate > 0 || (state && state.play_state !== "paused") ? BUSY_MS : RESTING_MS);
    this.on.tick(now);
  }

  #beat(now) {
    const isPending = this.player.isPending(now);
    if (now - this.#beatAt < BEAT_MS && isPending === this.#wasPending) return;
    this.#beatAt = now;
    this.#wasPending = isPending;
    this.connection.send({ code: "client-status", is_pending: isPending, ...this.#where() });
  }

  #where() {
    const { clock, player } = this;
    if (!clock.isKnown || !player.isLoaded || player.isBlocked) return {};
    const now = performance.now();
    return {
      position: Math.round(1_000 * player.position),
      at: Math.max(0, Math.round(clock.serverTime(1_000 * now))),
      rtt: Math.round(Math.max(0, clock.roundTrip)),
      buffered: Math.round(1_000 * player.bufferedAhead),
    };
  }

  // A computer that slept has stopped one of its clocks, and its socket may be dead.
  #noticeSleep(now) {
    const apart = Date.now() - now;
    if (Math.abs(apart - this.#apart) > SLEPT_MS) {
      this.restart({ isOther: true });
      this.connection.hurry();
    }
    this.#apart = apart;
  }

  #pace(period) {
    if (period === this.#period) return;
    this.#period = period;
    this.#ticker.postMessage(period);
  }
}
