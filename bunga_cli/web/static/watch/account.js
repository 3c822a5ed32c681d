// The account of this browser at a channel: registering, and tokens that are good.

export class Refused extends Error {
  // `reason`: the name of the sentence for the person; `isForNow`: whether trying again may help.
  constructor(reason, values = {}, isForNow = false) {
    super(reason);
    Object.assign(this, { reason, values, isForNow });
  }
}

const headers = { "Content-Type": "application/json", Accept: "application/json" };
// So long an answer may take: of the server alone, where it asks others, and to a file that has to get there first.
const ANSWER_MS = 10_000;
const INQUIRY_MS = 40_000;
const UPLOAD_MS = 120_000;

const post = (url, body, more = {}, patienceMs = ANSWER_MS) =>
  fetch(url, {
    method: "POST",
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(patienceMs),
  });

export class Account {
  #token = null;
  #services = null;

  constructor(channelId, identity) {
    this.base = `/api/channels/${encodeURIComponent(channelId)}`;
    this.identity = identity;
  }

  // Return an access token. Throws Refused, and whatever comes of a server that does not answer as it should.
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

  // Whether the channel has a service, by the name that players know it by.
  has(service) {
    return Boolean(this.#services?.[service]);
  }

  // Return where a record can be opened: [{ url, headers, mime }]. Throws Refused.
  async resolve(record) {
    const answer = await this.#as((bearer) => post(`${this.base}/resolve`, record, bearer, INQUIRY_MS));
    if (answer.ok) return (await answer.json()).urls;
    throw new Refused("unopened", {}, answer.status >= 500);
  }

  // Return what the server answers. Throws an error with a sentence for the person.
  async get(path, query) {
    const url = `${path}?${new URLSearchParams(query)}`;
    const answer = await this.#as((bearer) =>
      fetch(url, { headers: { ...headers, ...bearer }, credentials: "omit", signal: AbortSignal.timeout(INQUIRY_MS) }),
    );
    const body = await answer.json().catch(() => null);
    if (answer.ok) return body;
    throw new Error(typeof body?.detail === "string" ? body.detail : `HTTP ${answer.status}`);
  }

  // Return the subtitles that were kept for a record: [{ name, file, uploader }], `file` being an address.
  async subtitlesOf(recordId) {
    return (await this.get(`${this.base}/records/${encodeURIComponent(recordId)}/subtitles`, {})).subtitles;
  }

  // Keep a subtitle for a record at the server, and return where it is.
  async keepSubtitle(recordId, file) {
    const url = `${this.base}/records/${encodeURIComponent(recordId)}/subtitle`;
    const answer = await this.#as((bearer) => {
      const form = new FormData();
      form.append("file", file);
      return fetch(url, {
        method: "POST",
        headers: { Accept: "application/json", ...bearer },
        body: form,
        credentials: "omit",
        signal: AbortSignal.timeout(UPLOAD_MS),
      });
    });
    if (!answer.ok) throw new Refused("subUnshared");
    return (await answer.json()).file;
  }

  // Ask as this account; once more with another token if this one is no good.
  async #as(ask) {
    const bearer = (token) => ({ Authorization: `Bearer ${token}` });
    const answer = await ask(bearer(await this.access()));
    if (answer.status !== 401) return answer;
    return ask(bearer(await this.refresh()));
  }

  async #register(isSecond = false) {
    const { username, password } = this.identity;
    const answer = await post(`${this.base}/register/`, { username, password });
    if (answer.ok) {
      this.#services = await answer.json();
      return this.#services.token;
    }
    if (answer.status === 401 && !isSecond) {
      this.identity.renew();
      return this.#register(true);
    }
    throw refusal(answer.status, await answer.json().catch(() => null));
  }
}

// A 404 or 403 counts for good if it is the server's: a proxy in front of it says such things while it restarts.
function refusal(status, body) {
  const sentence = String(body?.channel_id ?? "");
  if (!sentence || ![403, 404].includes(status)) return new Refused("busy", {}, true);
  if (status === 404) return new Refused("gone");
  if (sentence.startsWith("You are banned")) return new Refused("banned");
  const minutes = /in (\d+) min/.exec(sentence);
  return minutes ? new Refused("sentAway", { minutes: minutes[1] }) : new Refused("closed");
}
