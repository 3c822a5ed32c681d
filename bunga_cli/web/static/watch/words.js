// The texts of the page, in its language: they come with it. And how times and figures are written.

const texts = JSON.parse(document.getElementById("watch").dataset.texts);

export function words(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export const has = (name) => name in texts;

export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const pad = (number) => String(number).padStart(2, "0");
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

export function signed(ms) {
  const size = Math.abs(ms) < 100 ? Math.abs(ms).toFixed(1) : Math.abs(ms).toFixed(0);
  return `${Number(size) === 0 ? "±" : ms < 0 ? "−" : "+"}${size}`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function sizeText(bytes) {
  let [size, unit] = [bytes, 0];
  for (; size >= 999.5 && unit < UNITS.length - 1; unit += 1) size /= 1_000;
  return `${size.toFixed(unit && size < 99.95 ? 1 : 0)} ${UNITS[unit]}`;
}
