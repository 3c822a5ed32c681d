import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as reference } from "node:zlib";

import { crc32, crcOf } from "../../bunga_cli/web/static/watch/crc.js";
import { differences, factsOf, Files, recordOfFile, wanted } from "../../bunga_cli/web/static/watch/files.js";
import { random } from "./kit.js";

const film = (size, name = "The film.2.mkv") => {
  const next = random(size);
  return new File([Uint8Array.from({ length: size }, () => 256 * next())], name);
};

test("the sum is that of everybody", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32(bytes), 0xcbf43926);
  assert.equal(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xcbf43926);
  assert.equal(crc32(new Uint8Array()), 0);
});

test("a sum of many bytes is that of their pieces", async () => {
  const file = film(2_500_003);
  const whole = new Uint8Array(await file.arrayBuffer());
  assert.equal(await crcOf(file), crc32(whole).toString(36));
  if (reference) assert.equal(crc32(whole), reference(whole));
});

test("only the beginning of a long file is read", async () => {
  const read = [];
  const file = { size: 5e9, slice: (from, to) => (read.push([from, to]), new Blob([new Uint8Array(1)])) };
  await crcOf(file);
  assert.deepEqual([read[0][0], read.at(-1)[1]], [0, 65_536_000]);
});

test("a file's record has the app's id, and tells its size, its length and its name", async () => {
  const facts = await factsOf(film(9), "blob:x", async () => 61_000.4);
  const record = recordOfFile(facts);
  assert.equal(record.record_id, `local-${await crcOf(film(9))}`);
  assert.equal(record.title, "The film.2");
  assert.equal(record.path, "size=9,ms=61000/The film.2.mkv");
  assert.deepEqual(wanted(record), facts);
  assert.deepEqual(differences(record, facts), []);
});

const facts = { name: "a.mp4", size: 100, ms: 60_000, crc: "abc" };
const ours = recordOfFile(facts);
const apps = { record_id: "local-abc", title: "a", source: "local", path: "C:\\films\\a.mp4" };
for (const [name, record, other, expected] of [
  ["of another size", ours, { size: 101 }, ["size"]],
  ["of another length", ours, { ms: 62_000 }, ["length"]],
  ["that is almost as long", ours, { ms: 60_900 }, []],
  ["of unknown length", ours, { ms: null }, []],
  ["of other content", apps, { crc: "abd" }, ["content"]],
  ["of another name", apps, { name: "b.mp4" }, []],
  ["of another name where nothing else is known", { ...apps, record_id: "x" }, { name: "b.mp4" }, ["name"]],
  ["that is another one altogether", ours, { name: "b", size: 1, ms: 1, crc: "1" }, ["size", "length", "content"]],
]) {
  test(`a file ${name} is told apart`, () => assert.deepEqual(differences(record, { ...facts, ...other }), expected));
}

test("a path of the app is one of any system", () => {
  assert.equal(wanted(apps).name, "a.mp4");
  assert.equal(wanted({ ...apps, path: "/home/ann/a.mp4" }).name, "a.mp4");
  assert.equal(wanted({ ...apps, path: "size=x,ms=1/a.mp4" }).size, null);
});

test("files that were given are found again by their names", () => {
  const files = new Files();
  const file = film(3, "a.mp4");
  files.give([film(3, "b.mp4"), file]);
  assert.equal(files.named(apps), file);
  assert.equal(files.named({ ...apps, path: "c.mp4" }), null);
  assert.equal(files.urlOf(apps), null);
  files.choose(apps, "blob:1");
  assert.equal(files.urlOf(apps), "blob:1");
});
