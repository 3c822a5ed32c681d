// What is fetched from anywhere, but no more of it than there may be.

// Return the bytes of an answer, or null as soon as it is known that there are more than `most`; no more is fetched then.
export async function bytesOf(answer, most) {
  const reader = answer.body.getReader();
  const parts = [];
  let size = 0;
  let isTooLarge = Number(answer.headers.get("Content-Length")) > most;
  while (!isTooLarge) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    size += value.length;
    isTooLarge = size > most;
  }
  reader.cancel().catch(() => {});
  return null;
}
