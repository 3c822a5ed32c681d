// Keeps a picture that plays beside a target, in episodes: measure at the plain rate, then play a little faster or
// slower for exactly as long as it takes, then measure what came of it. A browser's media clock is moved by each change
// of its rate as well; by how much is learned. All times are milliseconds; nothing here touches a player.

const READINGS = 9;
export const CLOSE_MS = 4; // what is left alone once it was better than that
export const GOOD_MS = 2; // what is aimed at after a start, a seek or an episode
export const FAR_MS = 1_000;
const HOPELESS_MS = 150; // farther than that after an episode that has not halved it, only a jump helps
const SETTLE_MS = 300;
const TRIES = 3; // a browser that cannot do better is left alone
const SLOWEST = 0.002;
const FASTEST = 0.05;
const USUAL_MS = 1_000; // so long an episode lasts, unless it is about much; shorter ones land less exactly
const SHORTEST_MS = 200;
const ODD_MS = 60; // no change of the rate moves a clock so far: something else did
const SEEKS = 3;
const SEEKS_WITHIN_MS = 10_000;

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

export class Controller {
  corrections = 0;
  seeks = 0;
  lastError = null; // the last median, ahead of the target
  #phase = "measuring";
  #until = 0;
  #change = 0; // of the rate, in this episode
  #readings = [];
  #isGood = false;
  #tries = 0;
  #before = null; // how far it was when the last episode began
  #lesson = null; // what the next median teaches
  #soughtAt = [];

  constructor(learned) {
    this.learned = learned;
  }

  // Forget a series of readings that something has broken.
  reset() {
    this.#phase = "measuring";
    this.#readings = [];
    this.#lesson = null;
    this.#isGood = false;
    this.#tries = 0;
    this.#before = null;
  }

  // The picture loads or seeks: wait until it has run for a while. What a seek teaches is seen only then.
  interrupted(nowMs) {
    const lesson = this.#lesson?.about === "seek" ? this.#lesson : null;
    this.#settle(nowMs);
    this.#lesson = lesson;
  }

  // It was told to play; `expected` is the error that this was to lead to.
  started(nowMs, kind, expected) {
    this.#settle(nowMs);
    this.#lesson = { about: kind, expected };
  }

  // Take a reading of how far the picture is ahead; return null, or what to do: { rate } or { seekAhead }.
  observe(nowMs, errorMs) {
    if (this.#phase === "episode") return this.#endOfEpisode(nowMs);
    if (this.#phase === "settling") {
      if (nowMs < this.#until) return null;
      this.#phase = "measuring";
    }
    this.#readings.push(errorMs);
    if (this.#readings.length < READINGS) return null;
    const error = median(this.#readings);
    this.#readings = [];
    this.lastError = error;
    this.#learn(error);
    if (this.#isFine(Math.abs(error))) return null;
    return this.#isBeyondRates(Math.abs(error)) ? this.#seek(nowMs) : this.#correct(nowMs, error);
  }

  #isBeyondRates(distance) {
    return distance > FAR_MS || (this.#before !== null && distance > Math.max(HOPELESS_MS, this.#before / 2));
  }

  // Two pictures that are 4 ms off may be 8 ms apart, so it is not content with that at once.
  #isFine(distance) {
    if (distance <= GOOD_MS || (distance <= CLOSE_MS && this.#tries >= TRIES)) {
      this.#isGood = true;
      this.#tries = 0;
      this.#before = null;
    }
    return this.#isGood && distance <= CLOSE_MS;
  }

  #correct(nowMs, error) {
    this.#isGood = false;
    this.#tries += 1;
    this.#before = Math.abs(error);
    const need = -error - this.learned.get("displacement");
    const change = Math.min(FASTEST, Math.max(SLOWEST, Math.abs(need) / USUAL_MS));
    this.#phase = "episode";
    this.#change = need > 0 ? change : -change;
    this.#until = nowMs + Math.max(SHORTEST_MS, Math.abs(need) / change);
    this.#lesson = { about: "displacement", expected: 0 };
    this.corrections += 1;
    return { rate: 1 + this.#change };
  }

  #endOfEpisode(nowMs) {
    if (nowMs < this.#until) return null;
    // It is not this browser's way if the end came late, but our own doing.
    this.#lesson.expected = this.#change * (nowMs - this.#until);
    this.#settle(nowMs);
    return { rate: 1 };
  }

  #seek(nowMs) {
    this.#soughtAt = this.#soughtAt.filter((at) => nowMs - at < SEEKS_WITHIN_MS);
    if (this.#soughtAt.length >= SEEKS) return null;
    this.#soughtAt.push(nowMs);
    this.#before = null;
    this.seeks += 1;
    this.#settle(nowMs);
    this.#lesson = { about: "seek", expected: 0 };
    return { seekAhead: this.learned.get("seek") };
  }

  #settle(nowMs) {
    this.#phase = "settling";
    this.#until = nowMs + SETTLE_MS;
    this.#readings = [];
  }

  // An episode's own movement is what is left over; whatever starts late has to be done so much earlier.
  #learn(error) {
    const lesson = this.#lesson;
    this.#lesson = null;
    if (!lesson || Math.abs(error) > FAR_MS) return;
    const left = error - lesson.expected;
    if (lesson.about !== "displacement") this.learned.adjust(lesson.about, -left);
    else if (Math.abs(left) <= ODD_MS) this.learned.adjust("displacement", left);
  }
}
