import assert from "node:assert/strict";
import { test } from "node:test";

import { Identity } from "../../bunga_cli/web/static/watch/identity.js";
import { isChromium, Learned } from "../../bunga_cli/web/static/watch/learned.js";
import { Room } from "../../bunga_cli/web/static/watch/room.js";
import { addressesOf, recordOf } from "../../bunga_cli/web/static/watch/sources.js";
import { storage } from "./kit.js";

// -- who this is --------------------------------------------------------------------------------

test("a browser makes up a name of eight characters and a long password, and keeps them", () => {
  const kept = storage();
  const first = new Identity(kept);
  assert.match(first.username, /^[a-z0-9]{8}$/);
  assert.match(first.password, /^[a-z0-9]{40}$/);
  assert.equal(first.isNamed, false);
  first.call("Ann", 200);

  const again = new Identity(kept);
  assert.deepEqual(again.user, { id: first.username, name: "Ann", color_hue: 200 });
  assert.equal(again.password, first.password);
});

test("an account that is lost is replaced, and the person keeps the name", () => {
  const identity = new Identity(storage());
  identity.call("Ann", 200);
  const before = { ...identity };
  identity.renew();
  assert.notEqual(identity.username, before.username);
  assert.notEqual(identity.password, before.password);
  assert.equal(identity.name, "Ann");
});

for (const found of ["", "null", "{", '{"hue":"red"}', '{"hue":400}']) {
  test(`what is kept may be damaged: ${found}`, () => {
    const identity = new Identity(storage({ "bunga.identity": found }));
    assert.match(identity.username, /^[a-z0-9]{8}$/);
    assert.ok(identity.hue >= 0 && identity.hue < 360);
  });
}

test("a storage that takes nothing is no failure", () => {
  const full = { getItem: () => null, setItem: () => assert.fail("full") };
  new Identity({ ...full, setItem: () => { throw new Error("full"); } }).call("Ann", 1);
  const learned = new Learned({ ...full, setItem: () => { throw new Error("full"); } });
  learned.adjust("seek", 20);
  assert.equal(learned.get("seek"), 20);
});

// -- what it learned ----------------------------------------------------------------------------

test("lessons are kept apart for each kind of sound", () => {
  const kept = storage();
  const learned = new Learned(kept);
  learned.adjust("displacement", -20);
  learned.mode = "muted";
  assert.equal(learned.get("displacement"), 0);
  assert.equal(new Learned(kept).get("displacement"), -20);
});

test("a lesson that something has disturbed is outvoted by the next two", () => {
  const learned = new Learned(storage());
  const teach = (value) => learned.adjust("afterSeek", value - learned.get("afterSeek"));
  teach(400);
  assert.equal(learned.get("afterSeek"), 400);
  teach(80);
  assert.equal(learned.get("afterSeek"), 240);
  teach(82);
  assert.equal(learned.get("afterSeek"), 82);
});

test("what changes is learned anew", () => {
  const learned = new Learned(storage());
  for (const value of [80, 80, 80, 80, 80, 20, 20, 20]) learned.adjust("afterSeek", value - learned.get("afterSeek"));
  assert.equal(learned.get("afterSeek"), 20);
});

test("what is known of Chromium counts as its first lesson", () => {
  const learned = new Learned(storage(), true);
  const expected = learned.get("afterSeek");
  assert.ok(expected > 0);
  learned.adjust("afterSeek", -30);
  assert.equal(learned.get("afterSeek"), expected - 15);
});

for (const [agent, is] of [["Mozilla/5.0 Chrome/156.0", true], ["Mozilla/5.0 Firefox/150.0", false], ["Version/20 Safari/605", false]]) {
  test(`a browser is told by its name: ${agent}`, () => assert.equal(isChromium(agent), is));
}

for (const found of ["[", '{"sound":{"seek":{"value":5}}}', '{"sound":{"seek":[null]}}', '{"sound":{"seek":[]}}', '{"sound":7}', "7"]) {
  test(`what was learned may be damaged: ${found}`, () => {
    assert.equal(new Learned(storage({ "bunga.learned": found })).get("seek"), 0);
  });
}

test("nobody learns what cannot be", () => {
  const learned = new Learned(storage());
  learned.adjust("displacement", 5_000);
  assert.equal(learned.get("displacement"), 100);
});

// -- where videos are ---------------------------------------------------------------------------

const resolves = (...urls) => ({ resolve: async () => urls });
const nobody = { resolve: () => assert.fail("nobody is to be asked") };
const link = (path) => ({ record_id: "x", title: "", thumb_url: null, source: "link", path });

test("an address is opened as it stands", async () => {
  const path = "https://films.example/a.mp4";
  assert.deepEqual(await addressesOf(link(path), nobody, false), { sources: [{ url: path, isStream: false }] });
});

test("what plugins know is asked for, and what needs headers is left out", async () => {
  const account = resolves({ url: "https://a/1", headers: { Referer: "x" }, mime: null }, { url: "https://a/2", headers: {}, mime: null });
  assert.deepEqual(await addressesOf({ source: "alist", path: "/a.mkv" }, account, true), { sources: [{ url: "https://a/2", isStream: false }] });
});

for (const [name, record, account, reason] of [
  ["a file on a disk", { source: "local", path: "a" }, nobody, "onADisk"],
  ["what nobody knows", { source: "bili_video", path: "BV1" }, resolves(), "unknownSource"],
  ["what needs headers", { source: "alist", path: "a" }, resolves({ url: "https://a", headers: { Referer: "x" } }), "needsApp"],
  ["a stream", link("https://a/live.m3u8?x=1"), nobody, "hls"],
  ["a stream by its type", { source: "alist", path: "a" }, resolves({ url: "https://a", headers: {}, mime: "application/vnd.apple.mpegurl" }), "hls"],
]) {
  test(`${name} is told apart`, async () => assert.deepEqual(await addressesOf(record, account, false), { reason }));
}

test("a browser that has streams plays them", async () => {
  const url = "https://a/live.m3u8";
  assert.deepEqual(await addressesOf(link(url), nobody, true), { sources: [{ url, isStream: true }] });
});

test("a page that came encrypted opens what does", async () => {
  const account = resolves({ url: "http://a/1", headers: {}, mime: null }, { url: "https://a/2", headers: {}, mime: null });
  assert.deepEqual(await addressesOf({ source: "alist", path: "/a.mkv" }, account, true, true), { sources: [{ url: "https://a/2", isStream: false }] });
  assert.deepEqual(await addressesOf(link("HTTP://a/1"), nobody, true, true), { reason: "insecure" });
});

test("an address is the same record everywhere, as the server makes it", async () => {
  const record = await recordOf("https://films.example/Big%20film.mp4");
  assert.equal(record.title, "Big film.mp4");
  assert.equal(record.source, "link");
  assert.equal(record.path, "https://films.example/Big%20film.mp4");
  assert.equal(record.record_id, "link-46b1b0732fd811dd");
});

test("where there is no SHA-256 an address has an id all the same", async () => {
  const ids = await Promise.all(["https://a/1", "https://a/2", "https://a/1"].map((url) => recordOf(url, null)));
  assert.match(ids[0].record_id, /^link-[0-9a-f]{16}$/);
  assert.equal(ids[0].record_id, ids[2].record_id);
  assert.notEqual(ids[0].record_id, ids[1].record_id);
  assert.equal((await recordOf("https://films.example/%E0%A4%A", null)).title, "%E0%A4%A");
  assert.equal((await recordOf("https://films.example/", null)).title, "films.example");
});

// -- the room -----------------------------------------------------------------------------------

function room() {
  const sent = [];
  const shown = [];
  const record = (found) => shown.push(found?.record_id ?? null);
  const on = { state() {}, newEpoch: () => shown.push("epoch"), record, sharer: ({ id }) => shown.push(`by ${id}`) };
  return { sent, shown, room: new Room((message) => sent.push(message), on) };
}
const word = (revision, more = {}) => ({ code: "state", epoch: "a", revision, record_id: null, watchers: [], waiting_for: [], ...more });

test("an order counts until the room has answered it", () => {
  const { room: it } = room();
  it.receive(word(1));
  it.order(0, "pause", { position: 5 });
  it.receive(word(1));
  assert.equal(it.isHeld(100), true);
  it.receive(word(2));
  assert.equal(it.isHeld(100), false);
});

test("an order that is refused, or that nobody answers, counts no more", () => {
  const { room: it, sent } = room();
  it.receive(word(1));
  it.order(0, "pause");
  it.receive({ code: "error", ref: sent.at(-1).ref, reason: "no-projection", detail: "" });
  assert.equal(it.isHeld(100), false);
  it.order(0, "pause");
  assert.equal(it.isHeld(5_000), false);
});

test("what is on is asked for once if nobody has told it", () => {
  const { room: it, sent, shown } = room();
  it.receive(word(1, { record_id: "film" }));
  it.receive(word(1, { record_id: "film" }));
  assert.deepEqual(sent.map(({ code }) => code), ["whats-on"]);
  it.receive({ code: "now-playing", record: link("https://a/1"), sharer: { id: "ann" } });
  it.receive(word(2, { record_id: "x" }));
  it.receive(word(3));
  assert.deepEqual(shown, ["epoch", "x", null]);
});

test("what is on and not known yet is not taken for nothing", () => {
  const { room: it } = room();
  assert.equal(it.isUnknown, false);
  it.receive(word(1));
  assert.equal(it.isUnknown, false);
  it.receive(word(2, { record_id: "film" }));
  assert.equal(it.isUnknown, true);
  it.receive({ code: "now-playing", record: { ...link("https://a/1"), record_id: "film" }, sharer: { id: "ann" } });
  assert.equal(it.isUnknown, false);
});

test("who put it on is known when the server has told that, too", () => {
  const { room: it, shown } = room();
  const server = { id: "server", name: "server" };
  const share = (sender) => it.receive({ code: "start-projection", video_record: link("https://a/1"), sender });
  const tell = (sharer) => it.receive({ code: "now-playing", record: link("https://a/1"), sharer });
  share(server);
  tell(server);
  tell({ id: "ann" });
  share(server);
  tell({ id: "bob" });
  assert.deepEqual(shown, ["x", "by ann"]);
});

test("an old word is dropped, and another epoch is told", () => {
  const { room: it, shown } = room();
  it.receive(word(5));
  it.receive(word(4));
  assert.equal(it.state.revision, 5);
  it.receive(word(1, { epoch: "b" }));
  assert.equal(it.state.revision, 1);
  assert.deepEqual(shown, ["epoch", "epoch"]);
});

test("the room tells by name whom it waits for", () => {
  const { room: it } = room();
  const watchers = [{ id: "bob", name: "Bob" }, { id: "c", name: "" }];
  it.receive(word(1, { watchers, waiting_for: [{ id: "bob", since: 7 }, { id: "c", since: 5 }] }));
  assert.deepEqual(it.waitedFor, { ids: ["bob", "c"], names: ["Bob", "c"], since: 5 });
});

// -- what was missed ----------------------------------------------------------------------------

const ann = { id: "ann", name: "Ann", color_hue: 10 };
const said = (seq, more = {}) => ({ code: "danmaku", seq, message: String(seq), sender: ann, ...more });
const enter = (it, more = {}) => it.receive({ code: "here-are", watchers: [], resume: "token", replayed: false, ref: 1, ...more });

function inside() {
  const all = room();
  all.room.join(ann);
  enter(all.room);
  all.room.receive(word(1, { seq: 40 }));
  return all;
}

test("who comes for the first time has missed nothing", () => {
  const { room: it, sent } = room();
  it.join(ann);
  assert.deepEqual(sent, [{ code: "join-in", user: ann, my_share: null, ref: 1 }]);
});

test("who comes back asks for what came after the last message, and hears each once", () => {
  const { room: it, sent } = inside();
  assert.equal(it.receive(said(41)), true);

  it.join(ann);
  assert.deepEqual(sent.at(-1), { code: "join-in", user: ann, my_share: null, resume: "token", seq: 41, ref: 2 });
  it.receive(word(2, { seq: 43 }));
  assert.equal(it.receive(said(44)), true);
  enter(it, { ref: 2, replayed: true });
  assert.deepEqual([42, 43, 44].map((seq) => it.receive(said(seq))), [true, true, false]);
  assert.equal(it.receive(said(45)), true);
});

test("a greeting before the join is answered changes nothing of what was missed", () => {
  const { room: it } = inside();
  it.join(ann);
  enter(it, { ref: undefined });
  it.receive(word(2, { seq: 42 }));
  enter(it, { ref: 2, replayed: true });
  assert.deepEqual([41, 42].map((seq) => it.receive(said(seq))), [true, true]);
});

test("a message that comes twice counts once", () => {
  const { room: it } = inside();
  assert.deepEqual([41, 41, 40, 42].map((seq) => it.receive(said(seq))), [true, false, false, true]);
});

test("what cannot be told again is begun anew", () => {
  const { room: it } = inside();
  it.join(ann);
  enter(it, { ref: 2, replayed: false });
  it.receive(word(2, { seq: 3 }));
  assert.equal(it.receive(said(4)), true);
});

test("another epoch numbers anew", () => {
  const { room: it } = inside();
  it.receive(word(1, { epoch: "b", seq: 2 }));
  assert.equal(it.receive(said(3)), true);
});

test("a server that numbers nothing is heard whole", () => {
  const { room: it, sent } = room();
  it.join(ann);
  it.receive({ code: "here-are", watchers: [], ref: 1 });
  it.receive(word(1));
  assert.deepEqual([1, 2].map(() => it.receive({ code: "danmaku", message: "x", sender: ann })), [true, true]);
  it.join(ann);
  assert.deepEqual(Object.keys(sent.at(-1)), ["code", "user", "my_share", "ref"]);
});
