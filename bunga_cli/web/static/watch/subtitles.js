// Subtitles of the kinds that there are, made into cues of WebVTT: { start, end, text, isAbove }, times in seconds.
//
// What cannot be read is left out and counted. Of the marks in a text only bold, italic and underlined stay.

const MARKS = /<(\/?)([biu])>/gi;
const TAGS = /<\/?[a-z][^<>]*>|<\d[\d:.]*>/gi;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&lrm;": "", "&rlm;": "" };
const ARROW = /^\s*(\S+)\s*-+>\s*(\S+)(.*)$/;
const LONGEST_S = 60 * 60 * 24;
const LONGEST_LINE = 200; // of times

// Return { cues, skipped } of a file's bytes; null if they are no subtitle of a known kind.
export function subtitleOf(bytes) {
  return parse(decode(bytes));
}

// -- letters --------------------------------------------------------------------------------------

export function decode(bytes) {
  const encoding = encodingOf(bytes);
  return new TextDecoder(encoding).decode(bytes).replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").replaceAll("\0", "");
}

function encodingOf(bytes) {
  const [a, b, c] = bytes;
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  return wide(bytes) ?? (isGood("utf-8", bytes) ? "utf-8" : narrow(bytes));
}

// Without a mark, UTF-16 shows in the zeros of its Latin letters and digits.
function wide(bytes) {
  const zeros = [0, 0];
  const seen = Math.min(bytes.length, 2_000);
  for (let i = 0; i < seen; i += 1) if (bytes[i] === 0) zeros[i % 2] += 1;
  if (zeros[1] > seen / 5 && zeros[0] < zeros[1] / 4) return "utf-16le";
  return zeros[0] > seen / 5 && zeros[1] < zeros[0] / 4 ? "utf-16be" : null;
}

// Chinese letters are pairs of bytes that are both high; of Western texts a high byte stands mostly alone.
function narrow(bytes) {
  let [high, paired] = [0, 0];
  for (let i = 0; i < bytes.length; i += 1) {
    if (bytes[i] < 0x80) continue;
    high += 1;
    if (bytes[i + 1] >= 0x80 || bytes[i - 1] >= 0x80) paired += 1;
  }
  return paired > 0.7 * high && isGood("gb18030", bytes) ? "gb18030" : "windows-1252";
}

function isGood(encoding, bytes) {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

// -- kinds ----------------------------------------------------------------------------------------

export function parse(text) {
  const known = /^\[(script info|events|v4\+? styles)\]/im.test(text) ? parseAss(text) : text.includes("->") ? parseBlocks(text) : null;
  return known && { ...known, cues: known.cues.sort((a, b) => a.start - b.start || a.end - b.end) };
}

// SRT and WebVTT: a line of times, and the lines below it up to an empty one. Neither empty lines nor numbers are relied on.
function parseBlocks(text) {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, i) => (line.length < LONGEST_LINE && ARROW.test(line) ? [i] : []));
  const found = starts.map((at, i) => cueOf(lines, at, starts[i + 1] ?? lines.length));
  const cues = found.filter(Boolean);
  return { cues, skipped: found.length - cues.length };
}

function cueOf(lines, at, next) {
  const [, from, to, settings] = ARROW.exec(lines[at]);
  const rest = lines.slice(at + 1, next);
  const empty = rest.findIndex((line) => !line.trim());
  const said = empty < 0 ? rest : rest.slice(0, empty);
  // With no empty line before it, the number of the next one would be read as said.
  if (empty < 0 && next < lines.length && /^\s*\d+\s*$/.test(said.at(-1) ?? "")) said.pop();
  const isAbove = /\bline:(0|[0-4]?\d%)/.test(settings) || /\{\\an?[789]\}/.test(said.join());
  return cue(secondsOf(from), secondsOf(to), marked(said.join("\n").replace(/\{\\[^{}]*\}/g, "")), isAbove);
}

function parseAss(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const events = lines.slice(lines.findIndex((line) => /^\[events\]$/i.test(line)) + 1);
  const format = events.find((line) => /^format:/i.test(line)) ?? "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text";
  const names = format.slice(7).split(",").map((name) => name.trim().toLowerCase());
  const said = events.filter((line) => /^dialogue:/i.test(line));
  const found = said.map((line) => assCue(fieldsOf(line.slice(9), names)));
  return { cues: found.filter(Boolean), skipped: found.filter((each) => each === null).length };
}

// The text is the last field, and may have commas in it.
function fieldsOf(line, names) {
  const parts = line.split(",");
  const texts = [...parts.slice(0, names.length - 1), parts.slice(names.length - 1).join(",")];
  return Object.fromEntries(names.map((name, i) => [name, (texts[i] ?? "").trim()]));
}

// Returns undefined for what is drawn, and not said.
function assCue({ start = "", end = "", text = "" }) {
  if (/\{[^{}]*\\p[1-9]/.test(text)) return undefined;
  const isAbove = /\{[^{}]*\\(an[789]|a[567])\b/.test(text);
  const plain = text
    .replace(/\{([^{}]*)\}/g, (_, orders) => [...orders.matchAll(/\\([biu])([01]|[2-9]00)(?![\d.])/g)].map(([, mark, is]) => (is === "0" ? `</${mark}>` : `<${mark}>`)).join(""))
    .replace(/\\n/gi, "\n")
    .replace(/\\h/g, "\u00a0");
  return cue(secondsOf(start), secondsOf(end), marked(plain), isAbove);
}

function cue(start, end, text, isAbove) {
  if (start === null || end === null || end <= start || end > LONGEST_S || !text) return null;
  return { start, end, text, isAbove };
}

function secondsOf(text) {
  const parts = /^(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,6}))?$/.exec(text);
  if (!parts) return null;
  const [, h = "0", m, s, fraction = "0"] = parts;
  return (3_600_000 * Number(h) + 60_000 * Number(m) + 1_000 * Number(s) + Math.round(1_000 * Number(`0.${fraction}`))) / 1_000;
}

// Return a text as WebVTT has it: each mark closed again in its turn, everything else as letters.
function marked(text) {
  const open = [];
  let out = "";
  let at = 0;
  const plain = text.replace(TAGS, (tag) => (/^<\/?[biu]>$/i.test(tag) ? tag : ""));
  for (const found of plain.matchAll(MARKS)) {
    out += letters(plain.slice(at, found.index));
    at = found.index + found[0].length;
    const mark = found[2].toLowerCase();
    if (!found[1]) {
      open.push(mark);
      out += `<${mark}>`;
    } else if (open.includes(mark)) out += closing(open, mark);
  }
  out += letters(plain.slice(at)) + open.reverse().map((mark) => `</${mark}>`).join("");
  return out.replace(/<[biu]><\/[biu]>/g, "").split("\n").map((line) => line.trim()).filter(Boolean).join("\n");
}

function closing(open, mark) {
  let out = "";
  for (;;) {
    const last = open.pop();
    out += `</${last}>`;
    if (last === mark) return out;
  }
}

function letters(text) {
  const plain = text.replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (entity) => ENTITIES[entity]);
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
