// Files of the own disk: putting one on, and picking the one that somebody else has on.

import { $, write } from "./dom.js";
import { differences, factsOf, Files, recordOfFile, wanted } from "./files.js";
import { clockText, sizeText, words } from "./words.js";

const LENGTH_WITHIN_MS = 10_000;

// Return how long a video is, in ms: 0 where it does not say, null where this browser cannot play it. Throws where it does not come.
function lengthOf(url) {
  return new Promise((resolve, reject) => {
    const video = document.createElement("video");
    video.preload = "metadata";
    video.addEventListener("loadedmetadata", () => resolve(Number.isFinite(video.duration) ? 1_000 * video.duration : 0));
    video.addEventListener("error", () => resolve(null));
    setTimeout(() => reject(new Error("The length does not come.")), LENGTH_WITHIN_MS);
    video.src = url;
  });
}

// Return { url, facts } of a file; null where it cannot be read, as one that was moved, or is on a stick that was pulled out.
async function read(file) {
  const url = URL.createObjectURL(file);
  const facts = file.size ? await factsOf(file, url, lengthOf).catch(() => null) : null; // one that is gone may seem empty
  if (facts) return { url, facts };
  URL.revokeObjectURL(url);
  return null;
}

// `putOn(record)` shares a video; `chosen(record, url)` is told of the file that is to be played for it, and
// `unreadable()` that it cannot be read.
export function bindPicking({ putOn, chosen, unreadable }) {
  const files = new Files();
  const dialog = $("other-file");
  let asking = null; // the record of which a file is looked for

  async function share(file) {
    if (!file) return write($("file-state"), words("noFile"));
    write($("file-state"), words("reading"));
    const found = await read(file);
    if (!found) return write($("file-state"), words("unreadable"));
    const { url, facts } = found;
    write($("file-state"), facts.ms === null ? words("notAVideo") : "");
    if (facts.ms === null) return URL.revokeObjectURL(url);
    const record = recordOfFile(facts);
    files.choose(record, url);
    putOn(record);
    chosen(record, url); // it may be on already
    $("file").value = "";
  }

  // Take a file for a record, unless it is another one and the person wants none of that.
  async function take(record, file) {
    asking = record;
    const found = await read(file);
    if (asking !== record) return found && URL.revokeObjectURL(found.url);
    if (!found) return unreadable();
    const { url, facts } = found;
    const differing = differences(record, facts);
    if (differing.length && !(await isWantedAllTheSame(record, facts, differing))) return URL.revokeObjectURL(url);
    files.choose(record, url);
    chosen(record, url);
  }

  function isWantedAllTheSame(record, facts, found) {
    const of = wanted(record);
    $("other-file-list").replaceChildren(...found.map((what) => {
      const line = document.createElement("li");
      line.textContent = words(`differs_${what}`, { here: shown(what, facts), there: shown(what, of) });
      return line;
    }));
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "go"), { once: true }));
  }

  $("file-form").addEventListener("submit", (event) => {
    event.preventDefault();
    share($("file").files[0]);
  });
  $("pick").addEventListener("click", () => $("picked").click());
  $("other-file-again").addEventListener("click", () => {
    dialog.close();
    $("picked").click();
  });
  $("picked").addEventListener("change", () => {
    const given = [...$("picked").files];
    files.give(given);
    if (asking && given.length) take(asking, files.named(asking) ?? given[0]);
    $("picked").value = "";
  });

  return {
    // The address of the file for a record; null asks for one, unless one of that name was given already.
    urlOf(record) {
      asking = record;
      const url = files.urlOf(record);
      const file = files.named(record);
      if (!url && file) take(record, file);
      return url;
    },
    forget() {
      asking = null;
      if (dialog.open) dialog.close();
    },
  };
}

function shown(what, { name, size, ms }) {
  if (what === "size") return sizeText(size);
  return what === "length" ? clockText(ms) : name;
}
