// The socket of a room, as long as the page is open: it is opened again by itself, as soon as that makes sense.

import { Refused } from "./account.js";

const SILENT_MS = 3_000;
const OPENING_MS = 8_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
const HEARTBEAT_LOST = 3000;
const TOKEN_INVALID = 4001;
const TOKEN_EXPIRED = 4002;
const NOT_A_MEMBER = 4003;
const NO_TOKEN = 4401;
const TRY_LATER = 1013;

export class Connection {
  isOpen = false;
  #socket = null;
  #heardAt = 0;
  #retryMs = FIRST_RETRY_MS;
  #retrying = null;
  #isTrying = false;

  // `on` has open(), message(message), lost(reason) and refused(refusal).
  constructor(account, channelId, on) {
    Object.assign(this, { account, channelId, on });
  }

  // Open, unless that is done or under way.
  async open() {
    if (this.#socket || this.#isTrying) return;
    clearTimeout(this.#retrying);
    this.#retrying = null;
    await this.#try(async () => this.#connect(await this.account.access()));
  }

  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // Something has changed (the network, the page is seen again): do not wait for the next try.
  hurry() {
    if (!this.#retrying) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.open();
  }

  // Look whether the server is still there.
  check(nowMs) {
    const limit = this.isOpen ? SILENT_MS : OPENING_MS;
    if (this.#socket && nowMs - this.#heardAt > limit) this.#abandon();
  }

  #connect(token) {
    const query = new URLSearchParams({ token, channel_id: this.channelId });
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/chat/?${query}`, ["bunga.v2"]);
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onmessage = (event) => this.#socket === socket && this.#heard(event);
    socket.onclose = (event) => this.#socket === socket && this.#closed(event.code, event.reason);
  }

  // The server speaks first, once it has let us in.
  #heard(event) {
    this.#heardAt = performance.now();
    if (!this.isOpen) {
      this.isOpen = true;
      this.#retryMs = FIRST_RETRY_MS;
      this.on.open();
    }
    this.on.message(JSON.parse(event.data), this.#heardAt);
  }

  #abandon() {
    const socket = this.#socket;
    this.#closed(HEARTBEAT_LOST, "");
    socket.close(HEARTBEAT_LOST);
  }

  async #closed(code, reason) {
    this.#socket = null;
    this.isOpen = false;
    if (code === TOKEN_EXPIRED) {
      this.on.lost("lost");
      return this.#try(async () => {
        await this.account.refresh();
        this.#again();
      });
    }
    if ([TOKEN_INVALID, NOT_A_MEMBER, NO_TOKEN].includes(code)) this.account.forget();
    this.on.lost(code === TRY_LATER && reason.includes("full") ? "full" : "lost");
    this.#again();
  }

  // One at a time: two that open would make two sockets.
  async #try(step) {
    this.#isTrying = true;
    try {
      await step();
    } catch (problem) {
      this.#failed(problem);
    } finally {
      this.#isTrying = false;
    }
  }

  // Only the server's own word ends it: all else, as a page of a proxy where an answer should be, passes.
  #failed(problem) {
    const isRefusal = problem instanceof Refused;
    if (isRefusal && !problem.isForNow) return this.on.refused(problem);
    if (!isRefusal) console.error(problem);
    this.on.lost(isRefusal ? problem.reason : "lost");
    this.#again();
  }

  #again() {
    if (this.#retrying) return;
    const waitMs = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    this.#retrying = setTimeout(() => this.open(), waitMs);
  }
}
