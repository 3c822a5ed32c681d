// Subtitles of a video: which there are, which one is shown, how much later, and how large.

import { bytesOf } from "./content.js";
import { $, copyOf, write } from "./dom.js";
import { nameOf } from "./room.js";
import { isAddress } from "./sources.js";
import { subtitleOf } from "./subtitles.js";
import { words } from "./words.js";

const MOST_BYTES = 20_000_000;
const MOST = 100;
const SIZE = "bunga.subtitles";
const SHOWN = "bunga.subtitle"; // which one this tab showed before it was loaded anew
const ABOVE = 5; // per cent of the picture's height

// `keep(file)` keeps a file at the server and returns its address; `tell(url, title)` shares it with the room.
export function bindCaptions({ video, storage, keep, tell }) {
  const track = video.addTextTrack("subtitles", $("captions").getAttribute("aria-label"), document.documentElement.lang);
  let choices = []; // { title, note, url, cues }
  let chosen = null;
  let last = null; // what was shown before it was switched off
  let hasChosen = false;
  let delay = 0;
  track.mode = "disabled";

  function say(name, values = {}) {
    write($("subtitles-state"), name ? words(name, values) : "");
  }

  // Show what is chosen, shifted by the delay. Cues that are shown cannot be moved: they are made anew.
  function draw() {
    track.mode = "hidden";
    while (track.cues?.length) track.removeCue(track.cues[0]);
    for (const { start, end, text, isAbove } of chosen?.cues ?? []) {
      if (end + delay <= 0) continue;
      const cue = new VTTCue(Math.max(0, start + delay), end + delay, text);
      if (isAbove) Object.assign(cue, { snapToLines: false, line: ABOVE });
      track.addCue(cue);
    }
    track.mode = chosen ? "showing" : "disabled";
    $("captions").dataset.lit = String(chosen !== null);
    for (const radio of document.querySelectorAll("[name=subtitle]")) radio.checked = radio.value === String(choices.indexOf(chosen));
  }

  async function choose(choice) {
    last = chosen ?? last;
    chosen = choice;
    remember(choice);
    draw();
    if (!choice || choice.cues) return;
    const found = await fetched(choice.url).catch(() => ({ problem: "subUnfetched" }));
    if (chosen !== choice) return;
    if (read(choice, found)) draw();
    else choose(null);
  }

  // Take the cues of a file that was read; says what is wrong with it.
  function read(choice, { bytes, problem }) {
    const found = bytes && subtitleOf(bytes);
    const wrong = problem ?? (found ? (found.cues.length ? null : "subEmpty") : "subUnknown");
    if (wrong) say(wrong);
    else if (found.skipped) say("subPartly", { n: found.skipped });
    else say("subShown", { title: choice.title });
    choice.cues = wrong ? null : found.cues;
    return !wrong;
  }

  function add(choice) {
    choices.push(choice);
    list();
    return choice;
  }

  function list() {
    const entry = (choice, i) => {
      const copy = copyOf("subtitle-choice");
      copy.radio.value = String(i);
      copy.radio.checked = chosen === choice;
      copy.title.textContent = choice?.title ?? words("subtitlesOff");
      copy.note.textContent = choice?.note ?? "";
      return copy.root;
    };
    $("subtitles-list").replaceChildren(entry(null, -1), ...choices.map(entry));
  }

  const isThere = (url) => choices.some((choice) => choice.url && placeOf(choice.url) === placeOf(url));

  async function addFile(file) {
    if (file.size > MOST_BYTES) return say("subTooLarge");
    const choice = { title: file.name.replace(/(?<=.)\.[^.]*$/, ""), note: words("ownSubtitle"), url: null, cues: null };
    const content = await file.arrayBuffer().catch(() => null);
    if (!read(choice, content ? { bytes: new Uint8Array(content) } : { problem: "unreadable" })) return;
    const among = choices;
    hasChosen = true;
    add(choice);
    choose(choice);
    if (!$("subtitle-share").checked) return;
    try {
      choice.url = await keep(file);
      if (chosen === choice) remember(choice);
      if (among === choices) tell(choice.url, choice.title);
    } catch {
      say("subUnshared");
    }
  }

  function shift(by) {
    delay = Math.round(10 * (delay + by)) / 10;
    const n = Math.abs(delay).toFixed(1);
    write($("delay"), words(delay > 0 ? "later" : delay < 0 ? "sooner" : "onTime", { n }));
    draw();
  }

  function resize(size) {
    $("box").dataset.captions = size;
    $("subtitle-size").value = size;
    try {
      storage.setItem(SIZE, size);
    } catch {
      // It lasts as long as this page.
    }
  }

  $("subtitles-list").addEventListener("change", (event) => {
    hasChosen = true;
    say(null);
    choose(choices[Number(event.target.value)] ?? null);
  });
  $("subtitle-file").addEventListener("change", () => {
    const [file] = $("subtitle-file").files;
    if (file) addFile(file);
    $("subtitle-file").value = "";
  });
  $("subtitles-form").addEventListener("submit", (event) => event.preventDefault());
  $("subtitles").addEventListener("click", (event) => {
    const button = event.target.closest("[data-delay]");
    if (button) shift(Number(button.dataset.delay));
  });
  $("subtitle-size").addEventListener("change", () => resize($("subtitle-size").value));
  resize(["small", "large"].includes(storage.getItem(SIZE)) ? storage.getItem(SIZE) : "");
  list();

  return {
    shift,
    toggle() {
      hasChosen = true;
      choose(chosen ? null : (last ?? choices.at(-1) ?? null));
    },
    // Somebody shares a subtitle: it is shown to those who have not chosen otherwise.
    shared({ url, title }, sender) {
      if (isThere(url) || choices.length >= MOST) return;
      const choice = add({ title: title || url, note: words("sharedBy", { name: nameOf(sender) }), url, cues: null });
      if (!hasChosen) choose(choice);
    },
    // What was shared before we came: to be picked, and shown again if it was before the page was loaded anew.
    kept(found) {
      for (const { name, file } of found) if (!isThere(file)) add({ title: name, note: words("sharedEarlier"), url: file, cues: null });
      const before = choices.find(({ url }) => url && placeOf(url) === remembered());
      if (before && !hasChosen && !chosen) choose(before);
    },
    // Another video is on.
    clear() {
      choices = [];
      [chosen, last, hasChosen] = [null, null, false];
      shift(-delay);
      list();
      say(null);
    },
  };
}

// What was uploaded here is fetched from here, under whatever name the one who shared it has this server.
function placeOf(url) {
  if (!URL.canParse(url, location.href)) return url;
  const { pathname, href } = new URL(url, location.href);
  return /^\/media\/subtitles\/[^/]+$/.test(pathname) ? pathname : href;
}

async function fetched(url) {
  const place = placeOf(url);
  if (!place.startsWith("/") && !isAddress(place)) throw new TypeError(place);
  const answer = await fetch(place, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const bytes = await bytesOf(answer, MOST_BYTES);
  return bytes ? { bytes } : { problem: "subTooLarge" };
}

function remember(choice) {
  try {
    if (choice?.url) sessionStorage.setItem(SHOWN, placeOf(choice.url));
    else sessionStorage.removeItem(SHOWN);
  } catch {
    // It is picked again.
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(SHOWN);
  } catch {
    return null;
  }
}
