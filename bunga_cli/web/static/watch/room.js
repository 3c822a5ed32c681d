// What is known of the room, and what is asked of it. An order of ours counts here before the server has answered.

import { isNews } from "./timeline.js";

const HELD_MS = 3_000;

export class Room {
  state = null;
  record = null;
  sharer = null;
  #ref = 0;
  #held = null;
  #resume = null; // what proves after a loss that we were here
  #seq = null; // the last of the messages that the room numbers
  #isIn = false;
  #joining = null; // the join whose answer lets us in
  #early = new Set(); // the numbers of what came before we were in

  // `on` has state(state, old), record(record, sharer), sharer(sharer) and newEpoch().
  constructor(send, on) {
    Object.assign(this, { sendMessage: send, on });
  }

  send(code, fields = {}) {
    this.#ref += 1;
    this.sendMessage({ code, ...fields, ref: this.#ref });
    return this.#ref;
  }

  // Come in; after a loss of the connection, ask for what was missed meanwhile.
  join(user) {
    const missed = this.#resume === null || this.#seq === null ? {} : { resume: this.#resume, seq: this.#seq };
    this.#isIn = false;
    this.#early.clear();
    this.#joining = this.send("join-in", { user, my_share: null, ...missed });
  }

  // Ask for what was already done here: until the answer is there, the room's word is an old one.
  order(now, code, fields = {}) {
    this.#held = { ref: this.send(code, fields), until: now + HELD_MS, revision: this.state?.revision, epoch: this.state?.epoch };
  }

  isHeld(now) {
    if (this.#held && now > this.#held.until) this.#held = null;
    return this.#held !== null;
  }

  forget() {
    this.#held = null;
  }

  // Take a message in; return false for one that was told before.
  receive(message) {
    if (this.#isOld(message)) return false;
    if (message.code === "state") this.#take(message);
    else if (message.code === "start-projection") this.#project(message.video_record, message.sender);
    else if (message.code === "now-playing") this.#project(message.record, message.sharer);
    else if (message.code === "here-are") this.#enter(message);
    else if (message.code === "error" && message.ref === this.#held?.ref) this.#held = null;
    return true;
  }

  // One that comes back is greeted before it has joined; what was missed comes with the answer.
  #enter({ ref = null, resume = null, replayed = false }) {
    if (ref !== this.#joining) return;
    this.#isIn = true;
    this.#resume = resume;
    if (!replayed) this.#seq = null;
  }

  // What was missed is told once we are in, in order; some of it we may have heard at the door.
  #isOld({ code, seq }) {
    if (code === "state" || !Number.isInteger(seq)) return false;
    if (!this.#isIn) return !this.#early.add(seq);
    if (this.#seq !== null && seq <= this.#seq) return true;
    this.#seq = seq;
    return this.#early.has(seq);
  }

  // Whether something is on of which nothing is known here yet.
  get isUnknown() {
    return (this.state?.record_id ?? null) !== (this.record?.record_id ?? null);
  }

  // The names of those that the room waits for, and since when.
  get waitedFor() {
    const { waiting_for: waiting = [], watchers = [] } = this.state ?? {};
    const names = waiting.map(({ id }) => nameOf(watchers.find((watcher) => watcher.id === id) ?? { id }));
    return { ids: waiting.map(({ id }) => id), names, since: Math.min(...waiting.map(({ since }) => since)) };
  }

  #take(state) {
    const old = this.state;
    if (!isNews(old, state)) return;
    if (old?.epoch !== state.epoch) this.on.newEpoch();
    if (old && old.epoch !== state.epoch) this.#seq = null;
    if (this.#isIn) this.#seq = state.seq ?? null;
    this.state = state;
    const held = this.#held;
    if (held && (held.epoch !== state.epoch || state.revision > held.revision)) this.#held = null;
    if (state.record_id === null) this.#project(null, null);
    else if (state.record_id !== this.record?.record_id && state.record_id !== old?.record_id) this.send("whats-on");
    this.on.state(state, old);
  }

  #project(record, sharer) {
    if (record?.record_id !== this.record?.record_id) {
      Object.assign(this, { record, sharer });
      return this.on.record(record, sharer);
    }
    // Who comes in is told by the server what is on, and then who put it on.
    if (this.sharer?.id !== "server" || sharer.id === "server") return;
    this.sharer = sharer;
    this.on.sharer(sharer);
  }
}

export const nameOf = (who) => who.name || who.id;
