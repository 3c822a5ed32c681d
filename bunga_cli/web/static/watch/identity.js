// Who this browser is at the server, as the app makes it: a random name and a long random password that nobody types.

const KEY = "bunga.identity";
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

function random(length) {
  const most = 256 - (256 % LETTERS.length);
  let text = "";
  while (text.length < length) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    for (const byte of bytes) if (byte < most && text.length < length) text += LETTERS[byte % LETTERS.length];
  }
  return text;
}

export class Identity {
  #storage;

  constructor(storage) {
    this.#storage = storage;
    this.#take(this.#read() ?? {});
  }

  get isNamed() {
    return this.name !== "";
  }

  get user() {
    return { id: this.username, name: this.name, color_hue: this.hue };
  }

  call(name, hue) {
    this.name = name;
    this.hue = hue;
    this.#keep();
  }

  // The account is somebody else's by now: become a new one, of the same name.
  renew() {
    this.#take({ name: this.name, hue: this.hue });
    this.#keep();
  }

  #take({ username, password, name, hue }) {
    this.username = username ?? random(8);
    this.password = password ?? random(40);
    this.name = name ?? "";
    this.hue = Number.isInteger(hue) && hue >= 0 && hue < 360 ? hue : Math.floor(Math.random() * 360);
  }

  #read() {
    try {
      return JSON.parse(this.#storage.getItem(KEY));
    } catch {
      return null;
    }
  }

  #keep() {
    const { username, password, name, hue } = this;
    try {
      this.#storage.setItem(KEY, JSON.stringify({ username, password, name, hue }));
    } catch {
      // It lasts as long as this page.
    }
  }
}

// Where there is no storage, everything lasts as long as the page.
export function storageOrNone(of = globalThis) {
  try {
    return of.localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
}
