// What is known of the room, and what is asked of it. An order of ours counts here before the server has answered.

import { isNews } from "./timeline.js";

const HELD_MS = 3_000;

export class Room {
  state = null;
  record = null;
  #ref = 0;
  #held = null;

  // `on` has state(state, old), record(record, sharer) and newEpoch().
  constructor(send, on) {
    Object.assign(this, { sendMessage: send, on });
  }

  send(code, fields = {}) {
    this.#ref += 1;
    this.sendMessage({ code, ...fields, ref: this.#ref });
    return this.#ref;
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

  receive(message) {
    if (message.code === "state") this.#take(message);
    else if (message.code === "start-projection") this.#project(message.video_record, message.sender);
    else if (message.code === "now-playing") this.#project(message.record, message.sharer);
    else if (message.code === "error" && message.ref === this.#held?.ref) this.#held = null;
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
    this.state = state;
    const held = this.#held;
    if (held && (held.epoch !== state.epoch || state.revision > held.revision)) this.#held = null;
    if (state.record_id === null) this.#project(null, null);
    else if (state.record_id !== this.record?.record_id && state.record_id !== old?.record_id) this.send("whats-on");
    this.on.state(state, old);
  }

  #project(record, sharer) {
    if (record?.record_id === this.record?.record_id) return;
    this.record = record;
    this.on.record(record, sharer);
  }
}

export const nameOf = (who) => who.name || who.id;
