// Keeps a page in step: the clock, the heartbeats, and the picture, on one tick that no browser slows down.

import { Asking, Clock } from "./clock.js";
import { isMoving } from "./timeline.js";

const BUSY_MS = 25;
const RESTING_MS = 200;
const BEAT_MS = 1_000;
const SLEPT_MS = 250;
const BURST = 10;
const WELL_KNOWN = 30; // so many exchanges make good that those of a long way take very different times

export class Following {
  clock = new Clock();
  #asking = new Asking();
  #ticker = new Worker(new URL("ticker.js", import.meta.url), { type: "module" });
  #period = 0;
  #beatAt = 0;
  #wasPending = null;
  #toldRevision = null;
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
    if (isOther) {
      this.clock.clear();
      this.player.seenRevision = undefined; // it counts otherwise
    }
    this.#asking.burst();
    this.#beatAt = 0;
  }

  answered({ t0, t1, t2 }, heardAtMs) {
    const hasStepped = this.clock.add({ t0, t1, t2, t3: 1_000 * heardAtMs });
    const { count } = this.clock;
    if (hasStepped || (count < WELL_KNOWN && count % BURST === 0)) this.#asking.burst();
  }

  // Something of the picture has changed: tell it at once.
  hurry() {
    if (this.#isPending(performance.now()) !== this.#wasPending) queueMicrotask(() => this.#tick());
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
      if (!this.room.isHeld(now)) this.player.tick(now, state);
      this.#beat(now, state);
    }
    this.#pace(this.#isBusy(now, state) ? BUSY_MS : RESTING_MS);
    this.on.tick(now);
  }

  #isBusy(now, state) {
    if (!state) return false;
    return state.rate > 0 || state.play_state !== "paused" || isMoving(state, this.clock.serverTime(1_000 * now));
  }

  // What the picture can be ready for: a state that it was brought in line with. Where there is none, nobody waits for it.
  get #revision() {
    return this.player.isLoaded ? this.player.seenRevision : this.room.state?.revision;
  }

  #isPending(now) {
    return this.room.isUnknown || this.#revision === undefined || this.player.isPending(now);
  }

  // Each second, and at once when the room may be waiting for it.
  #beat(now, state) {
    const isPending = this.#isPending(now);
    const revision = this.#revision;
    const isAwaited = state.phase === "prepare" && revision !== this.#toldRevision && !isPending;
    if (now - this.#beatAt < BEAT_MS && isPending === this.#wasPending && !isAwaited) return;
    this.#beatAt = now;
    this.#wasPending = isPending;
    this.#toldRevision = revision;
    const start = Math.round(1_000 * this.player.startLatency);
    this.connection.send({ code: "client-status", is_pending: isPending, revision, start, ...this.#where() });
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
      this.clock.clear();
      this.restart();
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
