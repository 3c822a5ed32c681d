// Buttons, the bar and the keys: what a person does with the picture.

import { $, write } from "./dom.js";
import { clockText, words } from "./words.js";

const STEP_MS = 5_000;
const RESTS_MS = 300; // several presses are one jump
const VOLUME = "bunga.volume";
const IDLE_MS = 3_000;

// `act` has toggle(), seek(ms) and position(); times are milliseconds. `keys` are more keys, and what they do.
export function bindControls(player, act, storage, moreKeys) {
  const { video } = player;
  const bar = $("bar");
  let aim = null;
  let resting;

  function commit() {
    clearTimeout(resting);
    if (aim !== null) act.seek(aim);
    aim = null;
  }

  function aimAt(ms) {
    aim = Math.max(0, Math.min(player.duration ?? Infinity, ms));
    clearTimeout(resting);
    show();
  }

  function step(ms) {
    if (!act.isOn()) return;
    aimAt((aim ?? act.position()) + ms);
    resting = setTimeout(commit, RESTS_MS);
  }

  function show() {
    const at = aim ?? act.position();
    const duration = player.duration ?? Math.max(at, 1);
    write($("at"), clockText(at));
    write($("length"), player.duration === null ? "" : clockText(duration));
    bar.max = Math.ceil(duration / 1_000);
    if (aim !== null || document.activeElement !== bar || !bar.matches(":active")) bar.value = at / 1_000;
    const text = words("of", { at: clockText(at), length: clockText(duration) });
    if (bar.getAttribute("aria-valuetext") !== text) bar.setAttribute("aria-valuetext", text);
    bar.style.setProperty("--share", `${(100 * Math.min(1, at / duration)).toFixed(2)}%`);
  }

  bar.addEventListener("input", () => aimAt(1_000 * Number(bar.value)));
  bar.addEventListener("change", commit);
  $("play").addEventListener("click", act.toggle);
  $("mute").addEventListener("click", mute);
  $("volume").addEventListener("input", () => setVolume(Number($("volume").value)));
  video.addEventListener("volumechange", showVolume);
  bindScreens(video);
  bindIdle();
  restoreVolume();

  function mute() {
    video.muted = !video.muted;
  }

  function setVolume(volume) {
    video.volume = Math.max(0, Math.min(1, volume));
    video.muted = video.volume === 0;
  }

  function showVolume() {
    const isOff = video.muted || video.volume === 0;
    $("mute").dataset.on = String(!isOff);
    $("mute").setAttribute("aria-label", words(isOff ? "unmute" : "mute"));
    $("volume").value = video.muted ? 0 : video.volume;
    $("volume").style.setProperty("--share", `${100 * $("volume").value}%`);
    keep(storage, { volume: video.volume, muted: video.muted });
  }

  function restoreVolume() {
    const { volume = 1, muted = false } = kept(storage);
    video.volume = volume;
    video.muted = muted;
    showVolume();
  }

  const keys = {
    " ": act.toggle,
    k: act.toggle,
    ArrowLeft: () => step(-STEP_MS),
    ArrowRight: () => step(STEP_MS),
    ArrowUp: () => setVolume(video.volume + 0.1),
    ArrowDown: () => setVolume(video.volume - 0.1),
    f: toggleFullscreen,
    m: mute,
    p: togglePip,
    "?": () => $("keys").showModal(),
    Enter: () => $("say").focus(),
    ...moreKeys,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(keys, key) || isForAnother(event.target, key)) return;
    event.preventDefault();
    keys[key]();
  });
  bindMediaKeys(act, step);
  letGoOfButtons();
  return { show, step };
}

// What was pressed with a pointer does not keep the space key, which is the film's; with the keyboard, it does.
function letGoOfButtons() {
  document.addEventListener("click", (event) => event.pointerType && event.target.closest("button")?.blur(), true);
}

// A field takes all keys, a button or a switch its own.
function isForAnother(target, key) {
  if (target.matches("input:not([type=range]), textarea, select")) return true;
  if (target.matches("input[type=range], [role=log]")) return key.startsWith("Arrow");
  return [" ", "Enter"].includes(key) && target.matches("button, summary, a");
}

function toggleFullscreen() {
  const video = $("video");
  if (document.fullscreenElement) document.exitFullscreen();
  else if ($("box").requestFullscreen) $("box").requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.();
}

function togglePip() {
  if (document.pictureInPictureElement) document.exitPictureInPicture();
  else $("video").requestPictureInPicture?.().catch(() => {});
}

function bindScreens(video) {
  $("fullscreen").addEventListener("click", toggleFullscreen);
  $("fullscreen").hidden = !(document.fullscreenEnabled || video.webkitSupportsFullscreen);
  document.addEventListener("fullscreenchange", () => {
    const isFull = document.fullscreenElement === $("box");
    $("fullscreen").setAttribute("aria-label", words(isFull ? "leaveFullscreen" : "fullscreen"));
    // What is said with belongs over the picture then, because nothing else is seen.
    if (isFull) $("box").append($("company"));
    else $("lines").after($("company"));
  });
  $("pip").hidden = !document.pictureInPictureEnabled;
  $("pip").addEventListener("click", togglePip);
}

// On the full screen, the bar goes away when the pointer rests.
function bindIdle() {
  const box = $("box");
  let idle;
  const wake = () => {
    box.dataset.idle = "false";
    clearTimeout(idle);
    idle = setTimeout(() => (box.dataset.idle = "true"), IDLE_MS);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) box.addEventListener(event, wake);
  wake();
}

// The keys of keyboards, headsets and of the small picture go to the room as well.
function bindMediaKeys(act, step) {
  const session = navigator.mediaSession;
  if (!session) return;
  const handlers = {
    play: act.play,
    pause: act.pause,
    seekbackward: () => step(-STEP_MS),
    seekforward: () => step(STEP_MS),
    seekto: ({ seekTime }) => act.seek(1_000 * seekTime),
  };
  for (const [name, handler] of Object.entries(handlers)) {
    try {
      session.setActionHandler(name, handler);
    } catch {
      // A browser that does not know this key.
    }
  }
}

function kept(storage) {
  try {
    const { volume, muted } = JSON.parse(storage.getItem(VOLUME)) ?? {};
    return { volume: volume >= 0 && volume <= 1 ? volume : 1, muted: muted === true };
  } catch {
    return {};
  }
}

function keep(storage, value) {
  try {
    storage.setItem(VOLUME, JSON.stringify(value));
  } catch {
    // It lasts as long as this page.
  }
}
