// The CRC-32 of a file's beginning, by which the app names the files that people have on their disks.

const SEEN = 65_536_000; // the app reads a thousand pieces of 64 KiB
const PIECE = 1 << 20;
const TABLES = tables();

function tables() {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    all[0][byte] = crc;
  }
  for (let of = 1; of < 8; of += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const before = all[of - 1][byte];
      all[of][byte] = (before >>> 8) ^ all[0][before & 255];
    }
  }
  return all;
}

// Return the CRC-32 of bytes that follow others, whose CRC-32 is `crc`. Eight bytes at a time: films are long.
export function crc32(bytes, crc = 0) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let rest = ~crc;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = rest ^ view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    rest = t7[low & 255] ^ t6[(low >>> 8) & 255] ^ t5[(low >>> 16) & 255] ^ t4[low >>> 24]
      ^ t3[high & 255] ^ t2[(high >>> 8) & 255] ^ t1[(high >>> 16) & 255] ^ t0[high >>> 24];
  }
  for (; at < bytes.length; at += 1) rest = (rest >>> 8) ^ t0[(rest ^ bytes[at]) & 255];
  return ~rest >>> 0;
}

// Return the name that the app has for what is in a file: its CRC-32 in base 36.
export async function crcOf(file) {
  let crc = 0;
  for (let at = 0; at < Math.min(file.size, SEEN); at += PIECE) {
    const piece = file.slice(at, Math.min(at + PIECE, SEEN));
    crc = crc32(new Uint8Array(await piece.arrayBuffer()), crc);
  }
  return crc.toString(36);
}
