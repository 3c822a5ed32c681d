// Keeps a picture that plays beside a target, in episodes: measure at the plain rate, then play a little faster or
// slower for exactly as long as it takes, then measure what came of it. A browser's media clock is moved by each change
// of its rate as well; by how much is learned. All times are milliseconds; nothing here touches a player.

export const READINGS = 9;
export const CLOSE_MS = 4;
export const FAR_MS = 1_000;
const SETTLE_MS = 300;
const SLOWEST = 0.002;
const FASTEST = 0.05;
const SHORTEST_MS = 25;
const SEEKS = 3;
const SEEKS_WITHIN_MS = 10_000;

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

export class Controller {
  corrections = 0;
  seeks = 0;
  lastError = null; // the last median, ahead of the target
  #phase = "measuring";
  #until = 0;
  #readings = [];
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
    if (Math.abs(error) <= CLOSE_MS) return null;
    return Math.abs(error) > FAR_MS ? this.#seek(nowMs) : this.#correct(nowMs, error);
  }

  #correct(nowMs, error) {
    const need = -error - this.learned.get("displacement");
    const change = Math.min(FASTEST, Math.max(SLOWEST, Math.abs(need) / 1_000));
    this.#phase = "episode";
    this.#until = nowMs + Math.max(SHORTEST_MS, Math.abs(need) / change);
    this.#lesson = { about: "displacement", expected: 0 };
    this.corrections += 1;
    return { rate: need > 0 ? 1 + change : 1 - change };
  }

  #endOfEpisode(nowMs) {
    if (nowMs < this.#until) return null;
    this.#settle(nowMs);
    return { rate: 1 };
  }

  #seek(nowMs) {
    this.#soughtAt = this.#soughtAt.filter((at) => nowMs - at < SEEKS_WITHIN_MS);
    if (this.#soughtAt.length >= SEEKS) return null;
    this.#soughtAt.push(nowMs);
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
    this.learned.adjust(lesson.about, lesson.about === "displacement" ? left : -left);
  }
}
