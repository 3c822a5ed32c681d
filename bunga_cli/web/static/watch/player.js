// The picture: loads what is on, and follows the room's timeline. Times are milliseconds unless their names say more.

import { Controller } from "./controller.js";
import { isMoving, positionAt } from "./timeline.js";

const SAME_MS = 20;
const LATE_MS = 150;
const TICK_MS = 25;
const FIRST_LEAD_MS = 250;
const LAST_LEAD_MS = 10_000;
const UNNOTICED_MS = 400; // so short a loading is not told: nobody has to wait for it
const AGAIN_MS = 1_000;

export class Player {
  isBlocked = false; // the browser plays nothing before it is clicked on
  isLost = false; // nothing of what is on can be played here
  #urls = [];
  #isLoading = false;
  #hasBeenReady = false;
  #pendingSince = null;
  #startKind = "resume";
  #playAgainAt = 0;
  #sought = { at: -Infinity, to: null, isTimed: false };
  #lead = FIRST_LEAD_MS;

  // `on` has failed(), blocked(), changed() and ended().
  constructor(video, clock, learned, on) {
    Object.assign(this, { video, clock, learned, on });
    this.controller = new Controller(learned);
    video.addEventListener("error", () => this.#tryNext());
    video.addEventListener("ended", () => on.ended());
    for (const event of ["waiting", "canplay", "seeked", "loadedmetadata", "playing"]) video.addEventListener(event, () => on.changed());
  }

  // Something is on, and it is not known yet where it is.
  expect() {
    this.unload();
    this.#isLoading = true;
  }

  load(urls) {
    this.#urls = [...urls];
    this.isLost = false;
    this.#tryNext();
  }

  // What is on cannot be opened here; nobody shall wait for that.
  giveUp() {
    this.unload();
    this.isLost = true;
    this.on.changed();
  }

  unload() {
    this.isLost = false;
    this.#urls = [];
    this.#isLoading = this.#hasBeenReady = false;
    this.#pendingSince = null;
    this.letGo();
    if (!this.video.getAttribute("src")) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  get isLoaded() {
    return this.video.readyState >= HTMLMediaElement.HAVE_METADATA && !this.isLost;
  }

  get position() {
    return this.video.currentTime * 1_000;
  }

  get duration() {
    return Number.isFinite(this.video.duration) ? this.video.duration * 1_000 : null;
  }

  get bufferedAhead() {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i)) return (buffered.end(i) - currentTime) * 1_000;
    }
    return 0;
  }

  // Whether the room should wait for this picture.
  isPending(now) {
    if (!this.#isLoading || this.isBlocked || this.#isReady()) {
      this.#hasBeenReady ||= this.#isLoading && this.#isReady();
      this.#pendingSince = null;
      return false;
    }
    this.#pendingSince ??= now;
    return !this.#hasBeenReady || now - this.#pendingSince > UNNOTICED_MS;
  }

  // The person pressed something: show it at once; the room's word comes.
  pauseNow() {
    this.video.pause();
    this.letGo();
  }

  // Nothing is known of the room any more: go on at the plain rate.
  letGo() {
    this.#setRate(1);
    this.controller.reset();
  }

  seekNow(now, to) {
    this.letGo();
    if (this.isLoaded) this.#seek(now, to, false);
  }

  // The person allowed it; browsers want the call to be made in the click itself.
  unblock() {
    this.isBlocked = false;
    if (this.isLoaded) this.#play(performance.now(), 0);
    this.on.changed();
  }

  // Do what keeps the picture with the room; called often.
  tick(now, state) {
    const { video } = this;
    if (!this.isLoaded || !this.clock.isKnown) return;
    this.learned.mode = this.#mode();
    const server = this.clock.serverTime(now * 1_000);
    const ahead = video.paused ? 1_000 * this.learned.get(this.#startKind) : 0;
    if (!isMoving(state, server + ahead)) this.#rest(now, positionAt(state, server) / 1_000);
    else if (video.seeking || !this.#isReady()) this.#wait(now);
    else if (this.#isOver(positionAt(state, server) / 1_000)) this.controller.reset();
    else if (video.paused) this.#begin(now, positionAt(state, server + ahead) / 1_000);
    else this.#follow(now, positionAt(state, server) / 1_000);
  }

  #isReady() {
    const { video } = this;
    if (video.ended) return true;
    if (video.seeking || video.readyState < HTMLMediaElement.HAVE_METADATA) return false;
    // Some browsers load no further before they have to play.
    return video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA || (video.paused && video.networkState === HTMLMediaElement.NETWORK_IDLE);
  }

  #isOver(target) {
    return this.video.ended && this.duration !== null && target > this.duration - 500;
  }

  // Sound, and whether there is any, change how a browser keeps time.
  #mode() {
    const { video } = this;
    if (video.mozHasAudio === false || video.audioTracks?.length === 0) return "silent";
    if (video.webkitAudioDecodedByteCount === 0 && video.webkitVideoDecodedByteCount > 0) return "silent";
    return video.muted || video.volume === 0 ? "muted" : "sound";
  }

  #rest(now, target) {
    const { video } = this;
    if (!video.paused) video.pause();
    this.letGo();
    if (video.seeking || Math.abs(this.position - this.#reachable(target)) <= SAME_MS) return;
    if (this.#sought.to === target && now - this.#sought.at < AGAIN_MS) return;
    this.#seek(now, target, false);
  }

  #wait(now) {
    this.#setRate(1);
    this.controller.interrupted(now);
  }

  #begin(now, want) {
    if (this.isBlocked || now < this.#playAgainAt) return;
    const miss = this.position - want;
    if (miss < -LATE_MS || miss > this.#lead + AGAIN_MS) return this.#seekAhead(now, want);
    if (miss > TICK_MS) return;
    this.#playAgainAt = now + AGAIN_MS;
    if (miss <= 1) this.#play(now, miss);
    else setTimeout(() => this.#play(performance.now(), 0), miss);
  }

  // Go where the room will be when this place is loaded, and start when it comes by.
  #seekAhead(now, want) {
    if (this.#sought.isTimed) {
      this.#lead = Math.min(LAST_LEAD_MS, Math.max(FIRST_LEAD_MS, 1.5 * (now - this.#sought.at) + 100));
    }
    this.#seek(now, want + this.#lead, true);
  }

  #play(now, miss) {
    this.#playAgainAt = now + AGAIN_MS;
    this.#sought.isTimed = false;
    this.controller.started(now, this.#startKind, miss);
    this.#startKind = "resume";
    this.video.play().catch((problem) => {
      if (problem.name !== "NotAllowedError") return;
      this.isBlocked = true;
      this.on.blocked();
    });
  }

  #follow(now, target) {
    const action = this.controller.observe(now, this.position - target);
    if (action?.rate) this.#setRate(action.rate);
    else if (action) this.#seek(now, target + action.seekAhead, false);
  }

  #seek(now, to, isTimed) {
    this.#sought = { at: now, to, isTimed };
    this.#startKind = "afterSeek";
    this.#setRate(1);
    this.video.currentTime = this.#reachable(to) / 1_000;
  }

  #reachable(to) {
    return Math.max(0, this.duration === null ? to : Math.min(to, this.duration));
  }

  #setRate(rate) {
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  #tryNext() {
    const url = this.#urls.shift();
    if (url === undefined) {
      if (!this.#isLoading) return;
      this.giveUp();
      return this.on.failed();
    }
    this.#isLoading = true;
    this.#lead = FIRST_LEAD_MS;
    this.video.src = url;
    this.on.changed();
  }
}
