// The picture: loads what is on, and follows the room's timeline. Times are milliseconds unless their names say more.

import { Controller } from "./controller.js";
import { openSource } from "./streams.js";
import { isMoving, isToRun, positionAt, untilAt, untilStop } from "./timeline.js";

const SAME_MS = 2;
const NEAR_MS = 150; // browsers may land beside the place that was asked for
const FAR_MS = 500; // a way that takes a while
const LATE_MS = 150;
const SOON_MS = 60; // for what is to be done sooner than that, no tick is waited for
const FULL_MS = 2_000; // so long a picture at rest waits to be loaded well
const FIRST_LEAD_MS = 250;
const LAST_LEAD_MS = 10_000;
const UNNOTICED_MS = 400; // so short a loading is not told: nobody has to wait for it
const AGAIN_MS = 1_000;
const ALONG_MS = 1_000;

export class Player {
  isBlocked = false; // the browser plays nothing before it is clicked on
  isLost = false; // nothing of what is on can be played here, or could when it was last tried
  source = null; // which of the sources is open
  seenRevision = undefined; // of the state that it last acted on
  #sources = [];
  #isUndecodable = false; // as far as those were tried
  #isAgain = false; // they are tried once more, and nothing has come as yet
  #close = () => {};
  #isLoading = false;
  #hasBeenReady = false;
  #pendingSince = null;
  #startKind = "resume";
  #playAgainAt = 0;
  #timer = null;
  #launchedFor = null; // the moment of the start that it was told to play for
  #isComing = false; // on the way to where the room rests
  #restsSince = null;
  #sought = { at: -Infinity, to: null, isTimed: false };
  #lead = FIRST_LEAD_MS;

  // `on` has opened(), failed(isUndecodable), blocked() and changed().
  constructor(video, clock, learned, on) {
    Object.assign(this, { video, clock, learned, on });
    this.controller = new Controller(learned);
    video.addEventListener("error", () => this.#failed(video.error?.code === MediaError.MEDIA_ERR_DECODE));
    video.addEventListener("loadedmetadata", () => this.#opened());
    for (const event of ["waiting", "canplay", "seeked", "loadedmetadata", "playing"]) video.addEventListener(event, () => on.changed());
  }

  // Something is on, and it is not known yet where it is.
  expect() {
    this.unload();
    this.#isLoading = true;
  }

  // Of the sources [{ url, isStream }] the first that can be opened is played. `isAgain`: none could be when it was last
  // tried, and nobody is to wait before one is loaded.
  load(sources, { isAgain = false } = {}) {
    this.#sources = [...sources];
    this.#isUndecodable = true;
    this.isLost = this.#isAgain = isAgain;
    this.#tryNext();
  }

  // What is on cannot be opened here; nobody shall wait for that.
  giveUp() {
    this.unload();
    this.isLost = true;
    this.on.changed();
  }

  unload() {
    this.isLost = this.#isAgain = false;
    this.#sources = [];
    this.#close();
    this.#isLoading = this.#hasBeenReady = false;
    this.#pendingSince = this.#restsSince = null;
    this.#isComing = false;
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
    const isReady = !this.#isComing && this.#isReady() && this.#isFull(now);
    if (!this.#isLoading || this.#isAgain || this.isBlocked || isReady) {
      this.#hasBeenReady ||= this.#isLoading && isReady;
      this.#isAgain &&= !isReady;
      this.#pendingSince = null;
      return false;
    }
    this.#pendingSince ??= now;
    return this.#isComing || !this.#hasBeenReady || now - this.#pendingSince > UNNOTICED_MS;
  }

  // How long this browser takes, as far as is known, from being told to play until it does.
  get startLatency() {
    return Math.max(0, this.learned.get(this.#startKind));
  }

  // Whether the picture runs, and is about where the room is.
  isAlong(target) {
    const { video } = this;
    return this.isLoaded && !video.paused && !video.seeking && Math.abs(this.position - target) < ALONG_MS;
  }

  // The person pressed something: show it at once; the room's word comes.
  pauseNow() {
    this.video.pause();
    this.letGo();
  }

  // Nothing is known of the room any more: go on at the plain rate.
  letGo() {
    clearTimeout(this.#timer);
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
    if (this.isLoaded) this.#play(performance.now(), null);
    this.on.changed();
  }

  // Do what keeps the picture with the room; called often.
  tick(now, state) {
    const { video } = this;
    if (!this.isLoaded || !this.clock.isKnown) return;
    clearTimeout(this.#timer);
    this.seenRevision = state.revision;
    this.learned.mode = this.#mode();
    const server = this.clock.serverTime(now * 1_000);
    const target = positionAt(state, server) / 1_000;
    if (isMoving(state, server)) this.#run(now, state, server, target);
    else if (isToRun(state) && !this.video.paused && this.#launchedFor === state.at) return;
    else if (this.#rest(now, target) && isToRun(state) && this.#isReady()) this.#begin(now, state, server);
  }

  #run(now, state, server, target) {
    const { video } = this;
    const lasts = untilStop(state, server) / 1_000;
    this.#isComing = false;
    this.#restsSince = null;
    if (video.seeking || !this.#isReady()) this.#wait(now);
    else if (this.#isOver(target)) this.controller.reset();
    else if (!video.paused) this.#follow(now, target);
    else if (lasts > FAR_MS) this.#begin(now, state, server, target);
    if (lasts < SOON_MS) this.#timer = setTimeout(() => video.pause(), lasts);
  }

  #isReady() {
    const { video } = this;
    if (video.ended) return true;
    if (video.seeking || video.readyState < HTMLMediaElement.HAVE_METADATA) return false;
    // Some browsers load no further before they have to play.
    return video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA || (video.paused && video.networkState === HTMLMediaElement.NETWORK_IDLE);
  }

  // Whether enough is loaded that it will not stop again at once; what does not come is not waited for.
  #isFull(now) {
    const { video } = this;
    if (this.#restsSince === null || now - this.#restsSince > FULL_MS) return true;
    return video.ended || video.readyState > HTMLMediaElement.HAVE_FUTURE_DATA || video.networkState === HTMLMediaElement.NETWORK_IDLE;
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

  // Be where the room rests; return whether it is so.
  #rest(now, target) {
    const { video } = this;
    if (!video.paused) video.pause();
    this.letGo();
    this.#restsSince ??= now;
    if (video.seeking) return false;
    const off = Math.abs(this.position - this.#reachable(target));
    const wasSought = this.#sought.to === target;
    if (off <= (wasSought ? NEAR_MS : SAME_MS)) {
      this.#isComing = false;
      return true;
    }
    if (wasSought && now - this.#sought.at < AGAIN_MS) return false;
    this.#isComing ||= off > FAR_MS;
    this.#restsSince = now;
    this.#seek(now, target, false);
    return false;
  }

  #wait(now) {
    this.#setRate(1);
    this.controller.interrupted(now);
  }

  // Start so that the picture moves when the room comes by the place where it is. `target`: where the room is, if it moves.
  #begin(now, state, server, target = null) {
    if (this.isBlocked || now < this.#playAgainAt) return;
    const latency = this.learned.get(this.#startKind);
    const launch = (at, expected) => {
      this.#launchedFor = state.at;
      this.#play(at, expected);
    };
    const early = (at) => untilAt(state, this.clock.serverTime(1_000 * at), 1_000 * this.position) / 1_000 - latency;
    const wait = early(now);
    // What was loaded where it was told to rest is good as soon as the room comes by.
    const most = this.#sought.to === null || this.#sought.isTimed ? this.#lead : LAST_LEAD_MS;
    if (target !== null && (wait < -LATE_MS || wait > most + AGAIN_MS)) this.#seekAhead(now, target + latency);
    else if (wait <= 1) launch(now, wait);
    else if (wait < SOON_MS) this.#timer = setTimeout(() => launch(performance.now(), early(performance.now())), wait);
  }

  // Go where the room will be when this place is loaded, and start when it comes by.
  #seekAhead(now, want) {
    if (this.#sought.isTimed) {
      this.#lead = Math.min(LAST_LEAD_MS, Math.max(FIRST_LEAD_MS, 1.5 * (now - this.#sought.at) + 100));
    }
    this.#seek(now, want + this.#lead, true);
  }

  // `expected`: how far ahead of the room that is going to be; null: it is not known.
  #play(now, expected) {
    this.#playAgainAt = now + AGAIN_MS;
    this.#sought = { ...this.#sought, to: null, isTimed: false };
    if (expected === null) this.controller.interrupted(now);
    else this.controller.started(now, this.#startKind, expected);
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

  #opened() {
    if (!this.#isLoading) return;
    this.isLost = false;
    this.on.opened();
  }

  #failed(isUndecodable) {
    this.#isUndecodable &&= isUndecodable;
    this.#tryNext();
  }

  #tryNext() {
    const source = this.#sources.shift();
    this.source = source ?? null;
    this.#close();
    if (!source) {
      if (!this.#isLoading) return;
      this.giveUp();
      return this.on.failed(this.#isUndecodable);
    }
    this.#isLoading = true;
    this.#lead = FIRST_LEAD_MS;
    this.#close = openSource(this.video, source, (isUndecodable) => this.#failed(isUndecodable));
    this.on.changed();
  }
}
