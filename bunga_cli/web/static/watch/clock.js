// What time it is at the server, from exchanges of four moments (as in NTP, RFC 5905), and how far that can be wrong.
//
// The same filter as bunga_cli/sync/clock_filter.py, whose head says why it is as it is and what its bound promises; both
// go through the cases in tests/data/clock. All times are microseconds; ours are of one monotonic clock, the server's of
// another. A way there is never shorter than nothing, so t1 − t0 is an upper limit of the offset at t0, and t2 − t3 a
// lower one at t3; the best of each need not be of the same exchange.

export const HISTORY = 128; // so many exchanges are remembered
const FRESH = 4; // on so many of them the bound relies
const MAX_SKEW = 250e-6; // how much faster one of the clocks may run
const SETTLED_SKEW = 20e-6; // how far off the skew is taken to be once it shows
const SETTLED_US = 30_000_000; // how long a history has to be for that
const GRAIN_US = 1_000; // browsers round their clock
const TURNS = 16;

export class Clock {
  skew = 0;
  #margin = MAX_SKEW;
  #roundTrips = [];
  #upper = []; // limits: { at, offset }
  #lower = [];
  #best = null;
  #fresh = null;

  constructor({ grain = GRAIN_US } = {}) {
    this.grain = grain;
  }

  // Take an exchange in; return whether one of the clocks has stepped, so that all that was known is gone.
  add({ t0, t1, t2, t3 }) {
    if (!(t3 >= t0 && t2 >= t1)) return false;
    const upper = { at: t0, offset: t1 - t0 };
    const lower = { at: t3, offset: t2 - t3 };
    const hasStepped = this.isKnown && this.#contradicts(upper, lower);
    if (hasStepped) this.clear();
    keep(this.#roundTrips, t3 - t0 - (t2 - t1));
    keep(this.#upper, upper);
    keep(this.#lower, lower);
    this.#weigh();
    return hasStepped;
  }

  clear() {
    this.#roundTrips = [];
    this.#upper = [];
    this.#lower = [];
  }

  get isKnown() {
    return this.#roundTrips.length > 0;
  }

  get count() {
    return this.#roundTrips.length;
  }

  // The shortest round trip that is remembered; null before the first exchange.
  get roundTrip() {
    return this.isKnown ? Math.min(...this.#roundTrips) : null;
  }

  // How far the server's clock is ahead of ours; it is not known before the first exchange.
  offset(now) {
    if (!this.isKnown) return NaN;
    const upper = carried(this.#best.upper, this.skew + this.#margin, now);
    const lower = carried(this.#best.lower, this.skew - this.#margin, now);
    const { lowest, highest } = this.#certain(now);
    return Math.max(lowest, Math.min(highest, (upper + lower) / 2));
  }

  // The most that `offset` can be wrong by.
  bound(now) {
    if (!this.isKnown) return Infinity;
    const { lowest, highest } = this.#certain(now);
    const offset = this.offset(now);
    return Math.max(highest - offset, offset - lowest) + this.grain;
  }

  serverTime(now) {
    return now + this.offset(now);
  }

  // Between which offsets the true one is, at a moment before or after.
  #certain(now) {
    const { lower, upper } = this.#fresh;
    const lowest = lower.offset - MAX_SKEW * Math.abs(now - lower.at);
    const highest = upper.offset + MAX_SKEW * Math.abs(now - upper.at);
    return { lowest, highest: Math.max(lowest, highest) };
  }

  // Whether no offset can be between these limits and all that are known.
  #contradicts(upper, lower) {
    const now = lower.at;
    const slack = 2 * this.grain;
    const knownUpper = carried(lowest(this.#upper, MAX_SKEW), MAX_SKEW, now);
    const knownLower = carried(highest(this.#lower, -MAX_SKEW), -MAX_SKEW, now);
    return lower.offset > knownUpper + slack || carried(upper, MAX_SKEW, now) < knownLower - slack;
  }

  // Find the limits that count until the next exchange.
  #weigh() {
    const [upper, lower] = [this.#upper, this.#lower];
    this.#fresh = { upper: lowest(upper.slice(-FRESH), MAX_SKEW), lower: highest(lower.slice(-FRESH), -MAX_SKEW) };
    [this.skew, this.#margin] = [0, MAX_SKEW];
    if (lower.at(-1).at - lower[0].at >= SETTLED_US) [this.skew, this.#margin] = [widest(upper, lower), SETTLED_SKEW];
    this.#best = { upper: lowest(upper, this.skew + this.#margin), lower: highest(lower, this.skew - this.#margin) };
  }
}

const keep = (list, one) => list.push(one) > HISTORY && list.shift();

// What a limit amounts to at another moment, if the offset changes by `slope`.
const carried = (limit, slope, now) => limit.offset + slope * (now - limit.at);

const height = (limit, slope) => limit.offset - slope * limit.at;

// The limit on which a line of this slope rests, from below and from above.
const lowest = (limits, slope) => limits.reduce((a, b) => (height(b, slope) < height(a, slope) ? b : a));
const highest = (limits, slope) => limits.reduce((a, b) => (height(b, slope) > height(a, slope) ? b : a));

// The slope of the widest strip between the limits: its width grows with the slope where the lower limit that it touches
// is later than the upper one.
function widest(upper, lower) {
  let [least, most] = [-MAX_SKEW, MAX_SKEW];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const slope = (least + most) / 2;
    if (highest(lower, slope).at > lowest(upper, slope).at) least = slope;
    else most = slope;
  }
  return (least + most) / 2;
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
