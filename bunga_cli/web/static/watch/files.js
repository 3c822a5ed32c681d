// Videos on the own disk: what is told of them, and whether a file is the one that somebody else has on.
//
// The id is the app's: `local-` and the CRC of the file's beginning. Its path means nothing elsewhere, so that ours
// tells the size and the length in its place, and then the name, by which the app looks for the file.

import { crcOf } from "./crc.js";

const OURS = /^size=(\d+),ms=(\d+)\//;
export const SAME_LENGTH_MS = 1_000;

// What is to be known of a file; `length` (of a URL, in ms) is null where the browser cannot play it.
export async function factsOf(file, url, length) {
  const [crc, ms] = await Promise.all([crcOf(file), length(url)]);
  return { name: file.name, size: file.size, ms: ms === null ? null : Math.round(ms), crc };
}

export function recordOfFile({ name, size, ms, crc }) {
  return { record_id: `local-${crc}`, title: stem(name), thumb_url: null, source: "local", path: `size=${size},ms=${ms}/${name}` };
}

// What a record tells of its file; null where it does not.
export function wanted({ record_id: id, path }) {
  const [, size, ms] = OURS.exec(path) ?? [null, null, null];
  return {
    name: path.split(/[/\\]/).at(-1),
    size: size && Number(size),
    ms: ms && Number(ms),
    crc: /^local-([0-9a-z]{1,7})$/.exec(id)?.[1] ?? null,
  };
}

// Return in what a file differs from the one that is on: "size", "length", "content", or "name" where no more is known.
export function differences(record, facts) {
  const of = wanted(record);
  const found = [];
  if (of.size !== null && of.size !== facts.size) found.push("size");
  if (of.ms !== null && facts.ms !== null && Math.abs(of.ms - facts.ms) > SAME_LENGTH_MS) found.push("length");
  if (of.crc !== null && of.crc !== facts.crc) found.push("content");
  if (of.size === null && of.crc === null && of.name !== facts.name) found.push("name");
  return found;
}

const stem = (name) => name.replace(/(?<=.)\.[^.]*$/, "");

// The files that this page was given; their addresses are good as long as it is open.
export class Files {
  #given = new Map();
  #urls = new Map();

  give(files) {
    for (const file of files) this.#given.set(file.name, file);
  }

  // The file that has the name of the one that is on.
  named(record) {
    return this.#given.get(wanted(record).name) ?? null;
  }

  urlOf(record) {
    return this.#urls.get(record.record_id) ?? null;
  }

  choose(record, url) {
    this.#urls.set(record.record_id, url);
  }
}
