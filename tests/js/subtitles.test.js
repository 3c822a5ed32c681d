import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, parse, subtitleOf } from "../../bunga_cli/web/static/watch/subtitles.js";
import { random } from "./kit.js";

const utf8 = (text) => new TextEncoder().encode(text);
const srt = (...said) => said.map((text, i) => `${i + 1}\n00:00:0${i},000 --> 00:00:0${i + 1},500\n${text}\n`).join("\n");
const texts = (text) => parse(text).cues.map((cue) => cue.text);
const said = (text) => texts(srt(text))[0];

// -- letters ------------------------------------------------------------------------------------

const chinese = "1\n00:00:01,000 --> 00:00:02,000\n我们一起看电影，好吗？\n";
const gb18030 = Uint8Array.from([...utf8(chinese.slice(0, 32)), 0xce, 0xd2, 0xc3, 0xc7, 0xd2, 0xbb, 0xc6, 0xf0, 0xbf, 0xb4, 0xb5, 0xe7, 0xd3, 0xb0, 0x0a]);
const utf16 = (text, isLittle, mark) => {
  const view = new DataView(new ArrayBuffer(2 * text.length + (mark ? 2 : 0)));
  [...(mark ? "\ufeff" : ""), ...text].forEach((letter, i) => view.setUint16(2 * i, letter.charCodeAt(0), isLittle));
  return new Uint8Array(view.buffer);
};

for (const [name, bytes] of [
  ["UTF-8", utf8(chinese)],
  ["UTF-8 with a mark", utf8(`\ufeff${chinese}`)],
  ["UTF-16 with a mark, little end first", utf16(chinese, true, true)],
  ["UTF-16 with a mark, big end first", utf16(chinese, false, true)],
  ["UTF-16 without a mark, little end first", utf16(chinese, true, false)],
  ["UTF-16 without a mark, big end first", utf16(chinese, false, false)],
]) {
  test(`letters are read in ${name}`, () => assert.equal(decode(bytes), chinese));
}

test("letters are read in GB18030", () => {
  assert.equal(subtitleOf(gb18030).cues[0].text, "我们一起看电影");
});

test("Western letters are not taken for Chinese ones", () => {
  const bytes = Uint8Array.from([...utf8("1\n00:00:01,000 --> 00:00:02,000\nL'"), 0xe9, 0x74, 0xe9, 0x20, 0x64, 0xe9, 0x6a, 0xe0]);
  assert.equal(subtitleOf(bytes).cues[0].text, "L'été déjà");
});

// -- SRT and WebVTT -----------------------------------------------------------------------------

test("SRT is read", () => {
  assert.deepEqual(subtitleOf(utf8("1\r\n00:01:02,500 --> 01:00:03,040\r\nHello\r\nyou\r\n\r\n")), {
    cues: [{ start: 62.5, end: 3603.04, text: "Hello\nyou", isAbove: false }],
    skipped: 0,
  });
});

test("WebVTT is read, without its notes, styles and settings", () => {
  const text = "WEBVTT - x\n\nSTYLE\n::cue { color: red }\n\nNOTE a\nb\n\nid\n00:01.000 --> 00:02.000 line:0 align:start\n<v Ann>Hi <c.loud>you</c> &amp; <i>me</i><00:01.500>\n";
  assert.deepEqual(parse(text).cues, [{ start: 1, end: 2, text: "Hi you &amp; <i>me</i>", isAbove: true }]);
});

test("cues come in their order", () => {
  const text = "00:00:05,000 --> 00:00:06,000\nb\n\n00:00:01,000 --> 00:00:02,000\na";
  assert.deepEqual(texts(text), ["a", "b"]);
});

for (const [name, text, expected, skipped] of [
  ["no empty lines", "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb", ["a", "b"], 0],
  ["no numbers", "00:00:01,000 --> 00:00:02,000\na\n\n00:00:03,000 --> 00:00:04,000\nb", ["a", "b"], 0],
  ["points, short times and few dashes", "0:0:1.5 -> 00:02\na", ["a"], 0],
  ["a time that is none", "x --> y\na\n\n00:00:03,000 --> 00:00:04,000\nb", ["b"], 1],
  ["an end before its start", "00:00:03,000 --> 00:00:02,000\na", [], 1],
  ["nothing said", "00:00:03,000 --> 00:00:04,000\n\n", [], 1],
  ["an end in the midst", "00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:0", ["a"], 0],
  ["a number that is said", "00:00:01,000 --> 00:00:02,000\n42\n\n", ["42"], 0],
]) {
  test(`of SRT with ${name} is read what can be`, () => {
    const found = parse(text);
    assert.deepEqual(found.cues.map((cue) => cue.text), expected);
    assert.equal(found.skipped, skipped);
  });
}

for (const [text, expected] of [
  ["<b>a</b> <i>b</i> <u>c</u>", "<b>a</b> <i>b</i> <u>c</u>"],
  ["<B>a</B>", "<b>a</b>"],
  ['<font color="red">a</font>', "a"],
  ["<b>a", "<b>a</b>"],
  ["a</b>", "a"],
  ["<b><i>a</b>b</i>", "<b><i>a</i></b>b"],
  ["{\\an8}above", "above"],
  ["1 < 2 > 0 & so on", "1 &lt; 2 &gt; 0 &amp; so on"],
  ["&lt;b&gt;", "&lt;b&gt;"],
  ["<img src=x onerror=alert(1)>a", "a"],
  ["<img src=x onerror=alert(1)\nb", "&lt;img src=x onerror=alert(1)\nb"],
  ["<scr<b>ipt>alert(1)</script>", "&lt;scr<b>ipt&gt;alert(1)</b>"],
  ["<b onclick=x>a</b>", "a"],
]) {
  test(`a text is shown as letters: ${text}`, () => assert.equal(said(text), expected));
}

test("what belongs above is above", () => {
  assert.deepEqual(parse(srt("{\\an8}a", "b", "{\\a6}c")).cues.map((cue) => cue.isAbove), [true, false, false]);
});

// -- ASS and SSA --------------------------------------------------------------------------------

const ass = (...lines) => ["[Script Info]", "Title: x", "[V4+ Styles]", "Format: Name", "[Events]", ...lines].join("\n");
const FORMAT = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text";
const line = (text, times = "0:00:01.50,0:00:02.00") => `Dialogue: 0,${times},Default,,0,0,0,,${text}`;

test("ASS is read", () => {
  const text = ass(FORMAT, "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,not me", line("{\\fad(1,2)\\b1}One, two{\\b0}\\Nthree\\hfour"));
  assert.deepEqual(parse(text), { cues: [{ start: 1.5, end: 2, text: "<b>One, two</b>\nthree\u00a0four", isAbove: false }], skipped: 0 });
});

test("SSA has other fields", () => {
  const text = "[Script Info]\n[V4 Styles]\n[Events]\nFormat: Marked, Start, End, Text\nDialogue: Marked=0,0:00:01.00,0:00:02.00,a, b";
  assert.deepEqual(texts(text), ["a, b"]);
});

for (const [name, lines, expected, skipped] of [
  ["no format", [line("a")], ["a"], 0],
  ["a drawing", [FORMAT, line("{\\p1}m 0 0 l 1 1{\\p0}"), line("a")], ["a"], 0],
  ["orders alone", [FORMAT, line("{\\pos(1,2)}"), line("a")], ["a"], 1],
  ["a broken time", [FORMAT, line("a", "0:00,x"), line("b")], ["b"], 1],
  ["a line that ends early", [FORMAT, "Dialogue: 0,0:00", line("b")], ["b"], 1],
  ["an order that is left open", [FORMAT, line("{\\b1 a")], ["{\\b1 a"], 0],
  ["HTML", [FORMAT, line("<script>a</script>{\\i1}b")], ["a<i>b</i>"], 0],
]) {
  test(`of ASS with ${name} is read what can be`, () => {
    const found = parse(ass(...lines));
    assert.deepEqual(found.cues.map((cue) => cue.text), expected);
    assert.equal(found.skipped, skipped);
  });
}

test("what is at the top of the picture in ASS is there", () => {
  assert.deepEqual(parse(ass(FORMAT, line("{\\an8}a"), line("{\\an2}b"))).cues.map((cue) => cue.isAbove), [true, false]);
});

// -- anything -----------------------------------------------------------------------------------

for (const [name, bytes] of [["nothing", utf8("")], ["a text", utf8("Hello\nyou")], ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255])]]) {
  test(`${name} is no subtitle`, () => assert.equal(subtitleOf(bytes), null));
}

test("whatever a file has in it, only marks that are known come out, and quickly", () => {
  const next = random(5);
  const parts = ["<b>", "</b>", "<i>", "</u>", "<", ">", "&", "&lt;", "{\\b1}", "{", "}", "\\N", "a", "\n", "<a b", "00:00:01,000 --> 00:00:02,000\n", "-->"];
  for (let round = 0; round < 300; round += 1) {
    const text = Array.from({ length: 40 }, () => parts[Math.floor(next() * parts.length)]).join("");
    for (const input of [srt(text), ass(FORMAT, line(text.replaceAll("\n", " ")))]) {
      for (const cue of parse(input).cues) {
        const rest = cue.text.replace(/<\/?[biu]>/g, "").replace(/&(amp|lt|gt);/g, "");
        assert.doesNotMatch(rest, /[<>&]/, cue.text);
        const open = [];
        for (const [, end, mark] of cue.text.matchAll(/<(\/?)([biu])>/g)) {
          if (end) assert.equal(open.pop(), mark);
          else open.push(mark);
        }
        assert.deepEqual(open, []);
      }
    }
  }
  const started = performance.now();
  parse(srt("<".repeat(200_000)));
  parse(`${"{".repeat(100_000)}-->`);
  parse(ass(FORMAT, line("{".repeat(100_000))));
  parse(`${"1 ".repeat(100_000)}-->`);
  parse(`${"-".repeat(200_000)} ->`);
  parse(ass(FORMAT, line("{\\".repeat(100_000))));
  assert.ok(performance.now() - started < 2_000);
});
