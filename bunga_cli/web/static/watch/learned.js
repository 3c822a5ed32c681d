// What this browser was found to do, apart for sound, muted, and without sound; kept for the next time. Milliseconds.
//
// What counts is the median of the last lessons, so that one that something has disturbed is outvoted by the next two.

const KEY = "bunga.learned";
const MOST = { displacement: 100, seek: 1_500, resume: 500, afterSeek: 500 };
const LESSONS = 5;

// What Chromium was measured to do: its first lesson.
const CHROMIUM = {
  sound: { displacement: -17, seek: 88, afterSeek: 80, resume: 10 },
  muted: { displacement: -25, seek: 49, afterSeek: 47, resume: -10 },
  silent: { displacement: 0, seek: 6, afterSeek: 6, resume: 0 },
};

export class Learned {
  mode = "sound";
  #all;
  #storage;
  #expected;

  constructor(storage, isChromium = false) {
    this.#storage = storage;
    this.#all = read(storage);
    this.#expected = isChromium ? CHROMIUM : {};
  }

  get(about) {
    return middle(this.#lessons(about)) ?? 0;
  }

  // What was reckoned with was off by so much.
  adjust(about, byMs) {
    const most = MOST[about];
    const found = Math.max(-most, Math.min(most, this.get(about) + byMs));
    const lessons = [...this.#lessons(about), found].slice(-LESSONS);
    this.#all[this.mode] = { ...this.#all[this.mode], [about]: lessons };
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#all));
    } catch {
      // A full or forbidden storage: it is learned anew the next time.
    }
  }

  #lessons(about) {
    const expected = this.#expected[this.mode]?.[about];
    return this.#all[this.mode]?.[about] ?? (expected === undefined ? [] : [expected]);
  }
}

// Of an even number, the mean of the two in the middle; of none, undefined.
function middle(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 || !half ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function read(storage) {
  try {
    const found = JSON.parse(storage.getItem(KEY)) ?? {};
    const lessons = Object.values(found).flatMap((mode) => Object.values(mode));
    return lessons.every((list) => Array.isArray(list) && list.length && list.every(Number.isFinite)) ? found : {};
  } catch {
    return {};
  }
}

export const isChromium = (agent = navigator.userAgent) => /Chrom(e|ium)\//.test(agent);
