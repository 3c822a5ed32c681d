// What this browser was found to do, apart for sound, muted, and without sound; kept for the next time. Milliseconds.

const KEY = "bunga.learned";
const MOST = { displacement: 100, seek: 1_500, resume: 500, afterSeek: 500 };

export class Learned {
  mode = "sound";
  #all;
  #storage;

  constructor(storage) {
    this.#storage = storage;
    this.#all = read(storage);
  }

  get(about) {
    return this.#all[this.mode]?.[about]?.value ?? 0;
  }

  // The first lesson counts whole, later ones a little.
  adjust(about, byMs) {
    const known = this.#all[this.mode]?.[about];
    const value = (known?.value ?? 0) + (known ? 0.3 : 1) * byMs;
    const most = MOST[about];
    this.#all[this.mode] = { ...this.#all[this.mode], [about]: { value: Math.max(-most, Math.min(most, value)) } };
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#all));
    } catch {
      // A full or forbidden storage: it is learned anew the next time.
    }
  }
}

function read(storage) {
  try {
    const found = JSON.parse(storage.getItem(KEY)) ?? {};
    const numbers = Object.values(found).flatMap((mode) => Object.values(mode).map((lesson) => lesson.value));
    return numbers.every(Number.isFinite) ? found : {};
  } catch {
    return {};
  }
}
