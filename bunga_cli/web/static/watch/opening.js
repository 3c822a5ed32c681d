// Opens what is on; looks again where that came to nothing and may pass: a network comes back, an address that has
// run out is given anew. Nobody waits for a second look.

const FIRST_MS = 2_000;
const LAST_MS = 30_000;
const CALM_MS = 60_000; // what fails after so long a peace is looked for soon

export class Opening {
  #record = null;
  #looks = 0;
  #timer = null;
  #waitMs = FIRST_MS;
  #dueAt = -Infinity;
  #wasOpen = false;
  #isHopeless = false; // it will never be found, or played, here
  #hasTriedAgain = false; // what the browser made nothing of

  // `find(record)` returns { sources }, or { reason, values, isForNow }. `on` has found(sources) and problem(name, values).
  constructor(player, find, on) {
    Object.assign(this, { player, find, on });
  }

  // Something else is on, or (null) nothing.
  open(record) {
    this.#forget();
    this.#record = record;
    this.#wasOpen = false;
    this.on.problem(null);
    if (!record) return this.player.unload();
    this.player.expect();
    return this.#look(false);
  }

  // The person chose where it is to be opened.
  load(sources) {
    this.#forget();
    this.on.problem(null);
    this.player.load(sources);
  }

  // The network may be back.
  hurry() {
    if (!this.#record || !this.player.isLost || this.#isHopeless) return;
    this.#waitMs = FIRST_MS;
    this.#look(true);
  }

  // The player has opened something.
  opened() {
    this.#wasOpen = true;
    this.on.problem(null);
  }

  // The player can play nothing of what was found. What has been open only does not come any more, unless it cannot be decoded.
  failed(isUndecodable) {
    const mayPass = this.#wasOpen && !isUndecodable;
    this.on.problem(mayPass ? "unreached" : "unplayable");
    if (mayPass || !this.#hasTriedAgain) this.#later();
    this.#hasTriedAgain ||= !mayPass;
  }

  async #look(isAgain) {
    clearTimeout(this.#timer);
    this.#looks += 1;
    const look = this.#looks;
    const found = await this.find(this.#record);
    if (look !== this.#looks) return;
    if (!found.sources) return this.#notFound(found);
    this.on.found(found.sources);
    this.player.load(found.sources, { isAgain });
  }

  #notFound({ reason, values, isForNow = false }) {
    this.#isHopeless = !isForNow;
    this.player.giveUp();
    this.on.problem(isForNow ? "unreached" : reason, values);
    if (isForNow) this.#later();
  }

  #later() {
    const now = performance.now();
    if (now - this.#dueAt > CALM_MS) this.#waitMs = FIRST_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(true), this.#waitMs);
    this.#dueAt = now + this.#waitMs;
    this.#waitMs = Math.min(2 * this.#waitMs, LAST_MS);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#looks += 1;
    this.#waitMs = FIRST_MS;
    this.#isHopeless = this.#hasTriedAgain = false;
  }
}
