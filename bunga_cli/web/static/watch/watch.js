// The page that plays a room: puts its parts together.

import { Account } from "./account.js";
import { Connection } from "./connection.js";
import { bindControls } from "./controls.js";
import { $, write } from "./dom.js";
import { Following } from "./following.js";
import { bindForms } from "./forms.js";
import { Identity, storageOrNone } from "./identity.js";
import { Learned } from "./learned.js";
import { fly, note, pop, spark } from "./overlay.js";
import { showSync } from "./panel.js";
import { showPeople } from "./people.js";
import { Player } from "./player.js";
import { nameOf, Room } from "./room.js";
import { addressesOf } from "./sources.js";
import { positionAt } from "./timeline.js";
import { has, words } from "./words.js";

const PANEL_EVERY_MS = 250;
const ALONE_MS = 5_000; // so long a picture plays on that hears nothing of the room

const channelId = $("watch").dataset.channel;
const storage = storageOrNone();
const identity = new Identity(storage);
const account = new Account(channelId, identity);
const following = new Following();
const { clock } = following;
const now = () => performance.now();

let problem = null; // the name of a sentence about the video
let trouble = "connecting"; // the name of a sentence about the connection
let panelAt = 0;
let lostAt = null;

const player = new Player($("video"), clock, new Learned(storage), {
  changed: () => following.hurry(),
  blocked: showNotice,
  failed: () => setProblem("unplayable"),
  ended: () => room.send("play-finished"),
});

const room = new Room((message) => connection.send(message), {
  newEpoch: () => following.restart({ isOther: true }),
  state: showState,
  record: open,
});

const connection = new Connection(account, channelId, {
  open() {
    trouble = null;
    lostAt = null;
    room.forget();
    following.restart();
    join();
    showNotice();
  },
  message: hear,
  lost(reason) {
    lostAt ??= now();
    player.letGo();
    setTrouble(reason);
  },
  refused: (refusal) => setTrouble(refusal.reason, refusal.values),
});

function join() {
  room.send("join-in", { user: identity.user, my_share: null });
}

// What the server says.

const deeds = { play: "didPlay", pause: "didPause", seek: "didSeek", aloha: "didJoin", bye: "didLeave" };

function hear(message, heardAt) {
  if (message.code === "clock") return following.answered(message, heardAt);
  room.receive(message);
  const { sender } = message;
  if (message.code in deeds) note(words(deeds[message.code], { name: nameOf(sender) }));
  else if (message.code === "danmaku") say(message.message, sender);
  else if (message.code === "popmoji") react(message.popmoji_code, sender, pop);
  else if (message.code === "spark") react(message.emoji, sender, (emoji) => spark(emoji, message.fraction));
  else if (message.code === "who-are-you") join();
  else if (message.code === "error") refusedBy(message);
}

function say(text, who) {
  fly(text, who);
  note(text, who);
}

function react(emoji, who, show) {
  show(emoji);
  note(emoji, who);
}

function refusedBy({ reason }) {
  if (reason !== "no-projection") note(words("refused"));
}

function showState(state, old) {
  $("box").dataset.state = state.play_state;
  showPeople(state.watchers, identity.username);
  const isPaused = state.play_state === "paused";
  $("play").dataset.on = String(!isPaused);
  $("play").setAttribute("aria-label", words(isPaused ? "play" : "pause"));
  if (navigator.mediaSession) navigator.mediaSession.playbackState = isPaused ? "paused" : "playing";
  if (!old || old.play_state !== state.play_state) showNotice();
  showStatus();
  if (old?.revision !== state.revision) following.act();
}

function reason(state) {
  const { names, since } = room.waitedFor;
  if (names.length) {
    const name = names.join(words("and"));
    const seconds = clock.isKnown ? Math.max(0, Math.floor((clock.serverTime(1_000 * now()) - since) / 1e6)) : 0;
    return words("waitingFor", { name, seconds });
  }
  const key = `cause_${state.cause?.what}`;
  if (!has(key)) return "";
  const name = state.cause.who ? nameOf(state.cause.who) : "";
  return words(key).includes("{name}") && !name ? "" : words(key, { name });
}

function showStatus() {
  const { state } = room;
  if (!state) return;
  $("state").dataset.state = $("state-dot").dataset.state = state.play_state;
  write($("state-text"), words(state.play_state));
  write($("reason"), reason(state));
}

// What is on.

async function open(record, sharer) {
  problem = null;
  const isAnybodys = record && sharer && sharer.id !== "server";
  write($("title"), record ? record.title || record.path : words("nothing"));
  $("sharer").textContent = isAnybodys ? words("putOn", { name: nameOf(sharer) }) : "";
  if (isAnybodys) note(words("didShare", { name: nameOf(sharer), title: record.title }));
  player.unload();
  showNotice();
  if (record) await find(record);
}

async function find(record) {
  player.expect();
  const found = await addressesOf(record, account, (type) => player.video.canPlayType(type) !== "").catch(() => ({ reason: "unopened" }));
  if (room.record !== record) return;
  if (found.urls) return player.load(found.urls);
  player.giveUp();
  setProblem(found.reason);
}

// What the page says in place of the picture: the gravest alone.

function setProblem(name) {
  problem = name;
  showNotice();
}

function setTrouble(name, values = {}) {
  trouble = name;
  showNotice(values);
}

function showNotice(values = {}) {
  const isAsleep = player.isBlocked && !trouble && !problem;
  $("unblock").hidden = !isAsleep;
  const name = trouble ?? problem ?? (room.record ? null : "nothingYet");
  $("notice").hidden = !name && !isAsleep;
  write($("notice-text"), name ? words(name, values) : isAsleep ? words("blocked") : "");
  $("notice").dataset.kind = trouble ? "trouble" : "";
}

// What the person does.

function position() {
  if (player.isLoaded && !player.isBlocked) return player.position;
  const { state } = room;
  return state && clock.isKnown ? positionAt(state, clock.serverTime(1_000 * now())) / 1_000 : 0;
}

const act = {
  isOn: () => Boolean(room.record && connection.isOpen),
  position,
  toggle() {
    if (player.isBlocked) act.unblock();
    else if (room.state?.play_state === "paused") act.play();
    else act.pause();
  },
  play: () => act.isOn() && room.send("play"),
  pause() {
    if (!act.isOn()) return;
    const at = Math.round(1_000 * position());
    player.pauseNow();
    room.order(now(), "pause", player.isLoaded && !player.isBlocked ? { position: at } : {});
  },
  seek(ms) {
    if (!act.isOn()) return;
    player.seekNow(now(), ms);
    room.order(now(), "seek", { position: Math.max(0, Math.round(1_000 * ms)) });
  },
  unblock() {
    player.unblock();
    showNotice();
  },
};

const controls = bindControls(player, act, storage);
$("unblock").addEventListener("click", act.unblock);

const forms = bindForms({
  identity,
  send: (code, fields) => connection.isOpen && room.send(code, fields),
  named() {
    if (connection.isOpen) join();
    else connection.open();
  },
});

function tick(at) {
  controls.show();
  if (lostAt !== null && at - lostAt > ALONE_MS && !player.video.paused) player.pauseNow();
  if (at - panelAt < PANEL_EVERY_MS) return;
  panelAt = at;
  showStatus();
  showSync(player, clock, at);
}

following.begin({ connection, room, player, on: { tick } });
if (identity.isNamed) connection.open();
else forms.askName();
showNotice();
