import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesOf } from "../../bunga_cli/web/static/watch/content.js";

const MOST = 10;

// An answer of so many pieces of four bytes; notes how many were taken, and whether it was let go.
function answer(pieces, headers = {}) {
  const seen = { taken: 0, isLetGo: false };
  const pull = (stream) => {
    if (seen.taken === pieces) return stream.close();
    seen.taken += 1;
    stream.enqueue(Uint8Array.of(1, 2, 3, 4));
  };
  const body = new ReadableStream({ pull, cancel: () => (seen.isLetGo = true) }, { highWaterMark: 0 });
  return { seen, answer: new Response(body, { headers }) };
}

test("what is small enough is taken whole", async () => {
  const { answer: it } = answer(2);
  assert.deepEqual([...(await bytesOf(it, MOST))], [1, 2, 3, 4, 1, 2, 3, 4]);
  assert.equal((await bytesOf(new Response(new Uint8Array(MOST)), MOST)).length, MOST);
});

test("what says that it is too large is not fetched", async () => {
  const { answer: it, seen } = answer(100, { "Content-Length": String(MOST + 1) });
  assert.equal(await bytesOf(it, MOST), null);
  assert.deepEqual(seen, { taken: 0, isLetGo: true });
});

test("what turns out to be too large is fetched no further", async () => {
  const { answer: it, seen } = answer(100);
  assert.equal(await bytesOf(it, MOST), null);
  assert.deepEqual(seen, { taken: 3, isLetGo: true });
});
