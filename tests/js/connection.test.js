import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Account } from "../../bunga_cli/web/static/watch/account.js";
import { Connection } from "../../bunga_cli/web/static/watch/connection.js";

const real = { setTimeout, clearTimeout, fetch, WebSocket: globalThis.WebSocket, error: console.error, timeout: AbortSignal.timeout };
const settled = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

// `server[path]` makes the next answers, the last one also all that follow.
let server;
let asked;
let sockets;
let retries;
let limits;
let said;

class Socket {
  sent = [];
  isClosed = false;

  constructor(url) {
    this.token = new URL(url).searchParams.get("token");
    sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  greet() {
    this.onmessage({ data: '{"code":"aloha"}' });
  }
}

const json = (body, status = 200) => () => new Response(JSON.stringify(body), { status });
const html = (status) => () => new Response("<h1>Back soon</h1>", { status });
const unreachable = () => Promise.reject(new TypeError("Failed to fetch"));
const registered = json({ token: { access: "access-1", refresh: "refresh-1" } });
const expired = async (socket) => {
  socket.onclose({ code: 4002, reason: "token expired" });
  await settled();
};

beforeEach(() => {
  [asked, sockets, retries, limits, said] = [[], [], [], [], []];
  server = { register: [registered], refresh: [json({ access: "access-2" })] };
  globalThis.location = { protocol: "http:", host: "here" };
  globalThis.WebSocket = Socket;
  globalThis.setTimeout = (then) => retries.push(then);
  globalThis.clearTimeout = (id) => id && delete retries[id - 1];
  console.error = () => {};
  AbortSignal.timeout = (ms) => {
    const limit = new AbortController();
    limits.push({ ms, end: () => limit.abort(new DOMException("signal timed out", "TimeoutError")) });
    return limit.signal;
  };
  globalThis.fetch = async (url, { signal }) => {
    const path = /\/(\w+)\/$/.exec(url)[1];
    asked.push(path);
    const answers = server[path];
    const cut = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return Promise.race([cut, (answers.length > 1 ? answers.shift() : answers[0])()]);
  };
});

afterEach(() => {
  const { setTimeout, clearTimeout, fetch, WebSocket, error, timeout } = real;
  Object.assign(globalThis, { setTimeout, clearTimeout, fetch, WebSocket });
  console.error = error;
  AbortSignal.timeout = timeout;
  delete globalThis.location;
});

function connection() {
  const account = new Account("lobby", { username: "ann", password: "pw", renew() {} });
  return new Connection(account, "lobby", {
    open: () => said.push("open"),
    message() {},
    lost: (reason) => said.push(reason),
    refused: ({ reason }) => said.push(`refused: ${reason}`),
  });
}

async function retry() {
  const due = retries.filter(Boolean);
  assert.equal(due.length, 1);
  retries.length = 0;
  due[0]();
  await settled();
}

for (const [name, odd, reason] of [
  ["a page of a proxy", html(200), "lost"],
  ["JSON of something else", json({ hello: "there" }), "lost"],
  ["no JSON object at all", json(null), "lost"],
  ["nothing", unreachable, "lost"],
  ["a proxy that has no server", html(502), "busy"],
  ["a proxy that finds nothing", html(404), "busy"],
  ["a proxy that lets nobody in", html(403), "busy"],
]) {
  test(`where ${name} answers the registration, it is tried again`, async () => {
    server.register = [odd, registered];
    await connection().open();
    assert.deepEqual(said, [reason]);
    await retry();
    sockets[0].greet();
    assert.deepEqual([said, sockets.length], [[reason, "open"], 1]);
  });

  test(`where ${name} answers for a new token, it is tried again`, async () => {
    server.refresh = [odd, json({ access: "access-2" })];
    await connection().open();
    sockets[0].greet();
    await expired(sockets[0]);
    await retry();
    if (sockets.at(-1).token === "access-1") {
      await expired(sockets.at(-1));
      await retry();
    }
    sockets.at(-1).greet();
    assert.equal(said.at(-1), "open");
  });
}

test("a server that lets nobody in any more has the last word", async () => {
  server.register = [json({ channel_id: "You are banned from this channel." }, 403)];
  await connection().open();
  assert.deepEqual(said, ["refused: banned"]);
  assert.deepEqual(retries, []);
});

test("a server that does not answer is not waited for for ever", async () => {
  server.register = [() => new Promise(() => {}), registered];
  connection().open();
  await settled();
  assert.deepEqual([limits.map(({ ms }) => ms), said], [[10_000], []]);
  limits[0].end();
  await settled();
  assert.deepEqual(said, ["lost"]);
  await retry();
  assert.equal(sockets.length, 1);
});

test("a server that does not finish its answer is not waited for either", async () => {
  server.register = [() => ({ ok: true, json: () => Promise.reject(new DOMException("signal timed out", "TimeoutError")) }), registered];
  await connection().open();
  assert.deepEqual(said, ["lost"]);
  await retry();
  assert.equal(sockets.length, 1);
});

test("who opens it again while that is under way opens one socket", async () => {
  const line = connection();
  line.open();
  line.open();
  await settled();
  await line.open();
  assert.deepEqual([asked, sockets.length], [["register"], 1]);
  sockets[0].greet();
  assert.equal(line.send({ code: "play" }), true);
});

test("who opens it while a new token is asked for gets one socket that is told of", async () => {
  const line = connection();
  await line.open();
  sockets[0].greet();
  let answer;
  server.refresh = [() => new Promise((resolve) => (answer = resolve))];
  await expired(sockets[0]);
  await line.open();
  assert.equal(sockets.length, 1);
  answer(json({ access: "access-2" })());
  await settled();
  await retry();
  assert.deepEqual(sockets.map(({ token }) => token), ["access-1", "access-2"]);
  assert.equal(line.send({ code: "play" }), false);
  sockets[1].greet();
  assert.deepEqual([said, line.send({ code: "play" })], [["open", "lost", "open"], true]);
});

test("who comes back after a refusal is connected again after a loss", async () => {
  server.register = [json({ channel_id: "You may come back in 3 min." }, 403), registered];
  const line = connection();
  await line.open();
  await line.open();
  sockets[0].greet();
  sockets[0].onclose({ code: 1006, reason: "" });
  await retry();
  assert.deepEqual([said, sockets.length], [["refused: sentAway", "open", "lost"], 2]);
});

test("who hurries does not wait for the next try", async () => {
  server.register = [unreachable, registered];
  const line = connection();
  await line.open();
  line.hurry();
  await settled();
  assert.deepEqual([sockets.length, retries.filter(Boolean)], [1, []]);
});

test("what takes long has more time", async () => {
  const account = new Account("lobby", { username: "ann", password: "pw" });
  globalThis.fetch = async (url, { signal }) => {
    assert.equal(signal.aborted, false);
    return url.endsWith("register/") ? registered() : json({ urls: [], subtitles: [], file: "/f" })();
  };
  await account.resolve({});
  await account.subtitlesOf("x");
  await account.keepSubtitle("x", new Blob(["WEBVTT"]));
  assert.deepEqual(limits.map(({ ms }) => ms), [10_000, 40_000, 40_000, 120_000]);
});
