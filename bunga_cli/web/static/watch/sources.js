// Where a browser can open a record, and which record an address is.

const HLS = "application/vnd.apple.mpegurl";

export function isAddress(text) {
  try {
    return /^https?:\/\/[^/]/i.test(text) && Boolean(new URL(text).host);
  } catch {
    return false;
  }
}

// Return the sources to try, the best first, or the name of the sentence that says why there is none.
// A page that came encrypted (`isSecure`) can open what comes encrypted only.
export async function addressesOf(record, account, playsStreams, isSecure = false) {
  if (record.source === "local") return { reason: "onADisk" };
  const found = isAddress(record.path) ? [{ url: record.path, headers: {}, mime: null }] : await account.resolve(record);
  if (!found.length) return { reason: "unknownSource" };
  const bare = found.filter(({ headers }) => Object.keys(headers ?? {}).length === 0);
  if (!bare.length) return { reason: "needsApp" };
  const sources = bare.map((source) => ({ url: source.url, isStream: isHls(source) }));
  const playable = sources.filter(({ isStream }) => playsStreams || !isStream);
  if (!playable.length) return { reason: "hls" };
  const allowed = playable.filter(({ url }) => !isSecure || !/^http:/i.test(url));
  return allowed.length ? { sources: allowed } : { reason: "insecure" };
}

function isHls({ url, mime }) {
  return mime?.toLowerCase() === HLS || /\.m3u8(?=$|[?#])/i.test(url);
}

// Return the record that stands for an address; the same address is the same record everywhere.
export async function recordOf(url, digest = globalThis.crypto?.subtle) {
  return { record_id: `link-${await hashOf(url, digest)}`, title: lastPart(url), thumb_url: null, source: "link", path: url };
}

function lastPart(url) {
  const { pathname, host } = new URL(url);
  const last = pathname.split("/").filter(Boolean).at(-1) ?? host;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

// The same text has the same one everywhere. Browsers have SHA-256 on encrypted pages only; elsewhere the address itself, folded, has to do.
export async function hashOf(text, digest = globalThis.crypto?.subtle) {
  const bytes = new TextEncoder().encode(text);
  if (digest) return hex(new Uint8Array(await digest.digest("SHA-256", bytes))).slice(0, 16);
  let [a, b] = [0x811c9dc5, 0x1000193];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193) >>> 0;
    b = Math.imul(b ^ (byte + a), 0x85ebca6b) >>> 0;
  }
  return [a, b].map((part) => part.toString(16).padStart(8, "0")).join("");
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
