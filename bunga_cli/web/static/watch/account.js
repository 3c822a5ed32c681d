// The account of this browser at a channel: registering, and tokens that are good.

export class Refused extends Error {
  // `reason`: the name of the sentence for the person; `isForNow`: whether trying again may help.
  constructor(reason, values = {}, isForNow = false) {
    super(reason);
    Object.assign(this, { reason, values, isForNow });
  }
}

const headers = { "Content-Type": "application/json", Accept: "application/json" };
const post = (url, body, more = {}) =>
  fetch(url, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(body), credentials: "omit", cache: "no-store" });

export class Account {
  #token = null;

  constructor(channelId, identity) {
    this.base = `/api/channels/${encodeURIComponent(channelId)}`;
    this.identity = identity;
  }

  // Return an access token. Throws Refused, or TypeError where the server cannot be reached.
  async access() {
    this.#token ??= await this.#register();
    return this.#token.access;
  }

  // Forget what the server says is no good.
  forget() {
    this.#token = null;
  }

  // Get a new access token for the refresh token; without one that is good, by registering again.
  async refresh() {
    const answer = this.#token && (await post("/api/token/refresh/", { refresh: this.#token.refresh }));
    if (answer?.ok) this.#token.access = (await answer.json()).access;
    else if (!answer || answer.status < 500) this.forget();
    return this.access();
  }

  // Return where a record can be opened: [{ url, headers, mime }]. Throws Refused.
  async resolve(record) {
    let answer = await this.#ask(record);
    if (answer.status === 401) {
      await this.refresh();
      answer = await this.#ask(record);
    }
    if (answer.ok) return (await answer.json()).urls;
    throw new Refused("unopened", {}, answer.status >= 500);
  }

  async #ask(record) {
    return post(`${this.base}/resolve`, record, { Authorization: `Bearer ${await this.access()}` });
  }

  async #register(isSecond = false) {
    const { username, password } = this.identity;
    const answer = await post(`${this.base}/register/`, { username, password });
    if (answer.ok) return (await answer.json()).token;
    if (answer.status === 401 && !isSecond) {
      this.identity.renew();
      return this.#register(true);
    }
    throw refusal(answer.status, await answer.json().catch(() => ({})));
  }
}

function refusal(status, body) {
  const sentence = String(body.channel_id ?? "");
  if (status === 404) return new Refused("gone");
  if (status !== 403) return new Refused("busy", {}, true);
  if (sentence.startsWith("You are banned")) return new Refused("banned");
  const minutes = /in (\d+) min/.exec(sentence);
  return minutes ? new Refused("sentAway", { minutes: minutes[1] }) : new Refused("closed");
}
