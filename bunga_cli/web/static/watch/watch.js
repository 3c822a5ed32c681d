// The page that plays a room: puts its parts together.

import { Account } from "./account.js";
import { bindCaptions } from "./captions.js";
import { Connection } from "./connection.js";
import { bindControls } from "./controls.js";
import { $, write } from "./dom.js";
import { isFilmOver } from "./ending.js";
import { wanted } from "./files.js";
import { Following } from "./following.js";
import { bindForms } from "./forms.js";
import { Identity, storageOrNone } from "./identity.js";
import { isChromium, Learned } from "./learned.js";
import { Notice } from "./notice.js";
import { Opening } from "./opening.js";
import { fly, note, pop, spark, tell, tellOtherwise } from "./overlay.js";
import { showSync } from "./panel.js";
import { showPeople } from "./people.js";
import { bindPicking } from "./picking.js";
import { Player } from "./player.js";
import { bindPutting } from "./putting.js";
import { bindReactions } from "./reactions.js";
import { nameOf, Room } from "./room.js";
import { bindSourceChoice } from "./source_choice.js";
import { addressesOf, isAddress } from "./sources.js";
import { playsStreams } from "./streams.js";
import { positionAt } from "./timeline.js";
import { has, words } from "./words.js";

const PANEL_EVERY_MS = 250;
const END_AGAIN_MS = 5_000;
const CROSSED_MS = 300; // a press so soon after another person's was meant for what was seen before it
const ALONE_MS = 5_000; // so long a picture plays on that hears nothing of the room

const channelId = $("watch").dataset.channel;
const storage = storageOrNone();
const identity = new Identity(storage);
const account = new Account(channelId, identity);
const following = new Following();
const { clock } = following;
const now = () => performance.now();

let panelAt = 0;
let lostAt = null;
let toldEnd = { at: -Infinity, ref: null };
let turnedByAnotherAt = -Infinity;
let isRestarted = false; // and nobody has done anything since

const notice = new Notice({ blocked: () => player.isBlocked, on: () => Boolean(room.record) });

const player = new Player($("video"), clock, new Learned(storage, isChromium()), {
  changed: () => following.hurry(),
  blocked: () => notice.show(),
  opened: () => opening.opened(),
  failed: (isUndecodable) => opening.failed(isUndecodable),
});

const room = new Room((message) => connection.send(message), {
  newEpoch() {
    isRestarted = room.state !== null;
    following.restart({ isOther: true });
  },
  state: showState,
  record: open,
  sharer: showSharer,
});

const connection = new Connection(account, channelId, {
  open() {
    lostAt = null;
    room.forget();
    following.restart();
    join();
    notice.trouble(null);
    opening.hurry();
  },
  message: hear,
  lost(reason) {
    lostAt ??= now();
    player.letGo();
    notice.trouble(reason);
  },
  refused: (refusal) => notice.trouble(refusal.reason, refusal.values),
});

function join() {
  room.join(identity.user);
}

// The end counts once for all, and not within ten seconds of another or of the beginning: it is told until it does.
function tellEnd(at) {
  if (!player.video.ended || at - toldEnd.at < END_AGAIN_MS || !connection.isOpen || !clock.isKnown) return;
  if (isFilmOver(room.record, room.state, clock.serverTime(1_000 * at), player.duration)) toldEnd = { at, ref: room.send("play-finished") };
}

// What the server says.

const deeds = { play: "didPlay", pause: "didPause", seek: "didSeek", aloha: "didJoin", bye: "didLeave" };

function hear(message, heardAt) {
  if (message.code === "clock") return following.answered(message, heardAt);
  if (!room.receive(message)) return;
  const { sender } = message;
  if (message.code in deeds) happened(words(deeds[message.code], { name: nameOf(sender) }), sender);
  else if (message.code === "share-sub") subtitleShared(message, sender);
  else if (message.code === "danmaku") say(message.message, sender);
  else if (message.code === "popmoji") react(message.popmoji_code, sender, pop);
  else if (message.code === "spark") react(message.emoji, sender, (emoji) => spark(emoji, message.fraction));
  else if (message.code === "who-are-you") join();
  else if (message.code === "error") refusedBy(message);
}

// What others do is seen over the picture; one's own deeds one knows.
function happened(text, who) {
  note(text);
  if (who.id !== identity.username) tell(text);
}

function subtitleShared(message, sender) {
  captions.shared(message, sender);
  happened(words("didSub", { name: nameOf(sender), title: message.title }), sender);
}

function say(text, who) {
  fly(text, who);
  note(text, who);
}

function react(emoji, who, show) {
  show(emoji);
  note(emoji, who);
}

// That an end did not count is nobody's business: all pages tell it, and one is enough. A plugin says why it forbids something.
function refusedBy({ reason, detail, ref }) {
  if (reason === "no-projection" || (ref && ref === toldEnd.ref)) return;
  note((reason === "not-allowed" && detail) || words("refused"));
}

function showState(state, old) {
  $("box").dataset.state = state.play_state;
  showPeople(state.watchers, identity.username);
  const isPaused = state.play_state === "paused";
  const isTurned = old?.epoch === state.epoch && isPaused !== (old.play_state === "paused");
  const { what, who } = state.cause ?? {};
  const isPress = what === "play" || what === "pause"; // the end of a film is none
  if (isTurned && isPress && who?.id !== identity.username) turnedByAnotherAt = now();
  $("play").dataset.on = String(!isPaused);
  $("play").setAttribute("aria-label", words(isPaused ? "play" : "pause"));
  if (navigator.mediaSession) navigator.mediaSession.playbackState = isPaused ? "paused" : "playing";
  if (!old || old.play_state !== state.play_state) notice.show();
  showStatus();
  if (old?.revision !== state.revision) following.act();
}

// Return whom the room waits for, in one of our sentences; nothing if it does not.
function waitedFor(sentence) {
  const { names, since } = room.waitedFor;
  if (!names.length) return "";
  const seconds = clock.isKnown ? Math.max(0, Math.floor((clock.serverTime(1_000 * now()) - since) / 1e6)) : 0;
  return words(sentence, { name: names.join(words("and")), seconds });
}

function reason(state) {
  const waited = waitedFor("waitingFor");
  if (waited) return waited;
  const key = state.cause || !isRestarted ? `cause_${state.cause?.what}` : "restarted";
  if (!has(key)) return "";
  const name = state.cause?.who ? nameOf(state.cause.who) : "";
  return words(key).includes("{name}") && !name ? "" : words(key, { name });
}

function showStatus() {
  const { state } = room;
  if (!state) return;
  $("state").dataset.state = $("state-dot").dataset.state = state.play_state;
  write($("state-text"), words(state.play_state));
  write($("reason"), reason(state));
  tellOtherwise(waitedFor("waitingTold"));
}

// What is on.

function open(record, sharer) {
  write($("title"), record ? record.title || record.path : words("nothing"));
  showSharer(sharer);
  if (isPerson(sharer)) happened(words("didShare", { name: nameOf(sharer), title: record.title }), sharer);
  picking.forget();
  captions.clear();
  sourceChoice.show([]);
  showToSystem(record);
  if (record) account.subtitlesOf(record.record_id).then((found) => room.record === record && captions.kept(found), () => {});
  opening.open(record);
}

const isPerson = (sharer) => Boolean(sharer) && sharer.id !== "server";

function showSharer(sharer) {
  $("sharer").textContent = isPerson(sharer) ? words("putOn", { name: nameOf(sharer) }) : "";
}

// The lock screen, the keys of a headset and the like have a title to show.
function showToSystem(record) {
  if (!navigator.mediaSession || !globalThis.MediaMetadata) return;
  const artwork = isAddress(record?.thumb_url) ? [{ src: record.thumb_url }] : [];
  navigator.mediaSession.metadata = record && new MediaMetadata({ title: record.title, artist: $("watch").dataset.name, artwork });
}

async function find(record) {
  if (record.source === "local") return findOwn(record);
  try {
    return await addressesOf(record, account, playsStreams(player.video), location.protocol === "https:");
  } catch (problem) {
    return { reason: "unopened", isForNow: problem.isForNow ?? true };
  }
}

function findOwn(record) {
  const url = picking.urlOf(record);
  return url ? { sources: [{ url, isStream: false }] } : { reason: "onADisk", values: { name: wanted(record).name } };
}

const opening = new Opening(player, find, {
  found: (sources) => sourceChoice.show(sources),
  problem: (name, values) => notice.problem(name, values),
});
addEventListener("online", () => opening.hurry());

// What the person does.

function position() {
  return player.isLoaded && !player.isBlocked ? player.position : roomPosition();
}

function roomPosition() {
  const { state } = room;
  return state && clock.isKnown ? positionAt(state, clock.serverTime(1_000 * now())) / 1_000 : 0;
}

const act = {
  isOn: () => Boolean(room.record && connection.isOpen),
  position,
  toggle() {
    if (player.isBlocked) act.unblock();
    else if (now() - turnedByAnotherAt < CROSSED_MS) return;
    else if (room.state?.play_state === "paused") act.play();
    else act.pause();
  },
  play: () => act.isOn() && room.send("play"),
  // All stop where this picture is, unless that is not where the room is: then the server chooses.
  pause() {
    if (!act.isOn()) return;
    const where = player.isAlong(roomPosition()) ? { position: Math.round(1_000 * player.position) } : {};
    player.pauseNow();
    room.order(now(), "pause", where);
  },
  seek(ms) {
    if (!act.isOn()) return;
    player.seekNow(now(), ms);
    room.order(now(), "seek", { position: Math.max(0, Math.round(1_000 * ms)) });
  },
  unblock() {
    player.unblock();
    notice.show();
  },
};

const send = (code, fields) => connection.isOpen && room.send(code, fields);

const sourceChoice = bindSourceChoice((sources) => opening.load(sources));

const captions = bindCaptions({
  video: player.video,
  storage,
  keep: (file) => account.keepSubtitle(room.record.record_id, file),
  tell: (url, title) => send("share-sub", { url, title }),
});

const putting = bindPutting({ account, share: (record) => send("start-projection", { video_record: record, position: 0 }) });

const picking = bindPicking({
  putOn: putting.putOn,
  chosen(record, url) {
    if (room.record?.record_id === record.record_id) opening.load([{ url, isStream: false }]);
  },
  unreadable: () => notice.problem("unreadable"),
});

const reactions = bindReactions({
  video: player.video,
  send,
  act: {
    toggle: () => act.toggle(),
    step(ms) {
      controls.step(ms);
      tell(words(ms < 0 ? "backTold" : "aheadTold"));
    },
  },
});

const controls = bindControls(player, act, storage, {
  c: captions.toggle,
  z: () => captions.shift(-0.5),
  x: () => captions.shift(0.5),
  e: reactions.sparkInTheMiddle,
  Escape: reactions.putAway,
});
$("unblock").addEventListener("click", act.unblock);

const forms = bindForms({
  identity,
  send,
  named() {
    if (connection.isOpen) join();
    else connection.open();
  },
});

function tick(at) {
  controls.show();
  if (lostAt !== null && at - lostAt > ALONE_MS && !player.video.paused) player.pauseNow();
  tellEnd(at);
  if (at - panelAt < PANEL_EVERY_MS) return;
  panelAt = at;
  showStatus();
  sourceChoice.follow(player.source);
  showSync(player, clock, at);
}

following.begin({ connection, room, player, on: { tick } });
if (identity.isNamed) connection.open();
else forms.askName();
notice.show();
