// What time it is at the server, from exchanges of four moments (as in NTP, RFC 5905), and how far that can be wrong.
//
// All times are microseconds; ours are of one monotonic clock, the server's of another. The way there makes t1 − t0 too
// large, the way back t3 − t2; the quickest of each in a window of exchanges are found apart, so that one quick way
// there and another quick way back are enough. How unlike the two ways are cannot be seen, so the bound contains it.

export const WINDOW = 32;
const DRIFT = 100e-6; // how much faster two clocks may run than each other
const COARSE_US = 1_000; // browsers round their clock

export class Clock {
  #samples = [];

  // Take an exchange in; return whether one of the clocks has jumped, so that all that was known is gone.
  add({ t0, t1, t2, t3 }) {
    if (!(t3 >= t0 && t2 >= t1)) return false;
    const sample = { at: t3, up: t1 - t0, down: t3 - t2, roundTrip: t3 - t0 - (t2 - t1) };
    const { up, down } = this.#quickest(t3);
    const hasJumped = sample.up + down < -COARSE_US || sample.down + up < -COARSE_US;
    if (hasJumped) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW) this.#samples.shift();
    return hasJumped;
  }

  clear() {
    this.#samples = [];
  }

  get isKnown() {
    return this.#samples.length > 0;
  }

  get count() {
    return this.#samples.length;
  }

  // The shortest round trip of the window; null before the first exchange.
  get roundTrip() {
    return this.isKnown ? Math.min(...this.#samples.map((sample) => sample.roundTrip)) : null;
  }

  // How far the server's clock is ahead of ours; it is not known before the first exchange.
  offset(now) {
    const { up, down } = this.#quickest(now);
    return (up - down) / 2;
  }

  // The most that `offset` can be wrong by.
  bound(now) {
    const { up, down } = this.#quickest(now);
    return Math.max(0, up + down) / 2;
  }

  serverTime(now) {
    return now + this.offset(now);
  }

  #quickest(now) {
    let up = Infinity;
    let down = Infinity;
    for (const sample of this.#samples) {
      const drifted = DRIFT * (now - sample.at);
      up = Math.min(up, sample.up + drifted);
      down = Math.min(down, sample.down + drifted);
    }
    return { up, down };
  }
}

// When to ask for the time: many times at first, then as often as the clocks need it.
export class Asking {
  #left = 0;
  #nextAt = 0;

  burst() {
    this.#left = 10;
    this.#nextAt = 0;
  }

  // Whether to ask now (milliseconds); then the next moment is set.
  isDue(nowMs, isPlaying) {
    if (nowMs < this.#nextAt) return false;
    this.#left = Math.max(0, this.#left - 1);
    this.#nextAt = nowMs + (this.#left ? 150 : isPlaying ? 1_000 : 5_000);
    return true;
  }
}
