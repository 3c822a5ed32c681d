import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Controller } from "../../bunga_cli/web/static/watch/controller.js";

const CASES = new URL("../data/controller/", import.meta.url);

// Knows what it is told to, and writes down what it should learn. The cases are in microseconds.
class Notebook {
  noted = [];

  constructor(known) {
    this.known = known;
  }

  get(about) {
    return (this.known[about] ?? 0) / 1_000;
  }

  adjust(about, byMs) {
    this.noted.push([about, 1_000 * byMs]);
  }
}

const CALLS = {
  observe: (controller, now, [error]) => controller.observe(now, error / 1_000),
  started: (controller, now, [about, expected]) => controller.started(now, about, expected / 1_000),
  interrupted: (controller, now) => controller.interrupted(now),
};

const flat = (action) => (action?.rate ? ["rate", action.rate] : action ? ["seek", 1_000 * action.seekAhead] : []);

function near(found, wanted, where) {
  const [[name, number], [wantedName, wantedNumber]] = [found, wanted];
  assert.equal(name, wantedName, where);
  if (wantedName) assert.ok(Math.abs(number - wantedNumber) < 1e-3, `${where}: ${number} is not ${wantedNumber}`);
}

for (const name of readdirSync(CASES)) {
  test(`it makes the same of ${name} as the controller in Python`, () => {
    const { known, rows } = JSON.parse(readFileSync(new URL(name, CASES)));
    const notebook = new Notebook(known);
    const controller = new Controller(notebook);
    rows.forEach(([what, now, given, wanted, lessons], i) => {
      near(flat(CALLS[what](controller, now / 1_000, given)), wanted, `${what} in row ${i}`);
      assert.equal(notebook.noted.length, lessons.length, `row ${i}`);
      lessons.forEach((lesson, n) => near(notebook.noted[n], lesson, `lesson in row ${i}`));
      notebook.noted = [];
    });
  });
}
