// Whether the film is over, and not only this page's picture: that is at its end as well where it is sent beyond it,
// parked there, or of a file that is shorter than everybody else's.

import { SAME_LENGTH_MS, wanted } from "./files.js";
import { positionAt } from "./timeline.js";

const NEAR_MS = 2_000;
const LONG_AGO_MS = 15_000; // an end that did not count is told again, but not for ever

// `duration`: of the picture that is at its end, in ms; null where nobody knows.
export function isFilmOver(record, state, serverTime, duration) {
  if (!record || !state?.rate || state.parked !== null || duration === null) return false;
  const past = positionAt(state, serverTime) / 1_000 - duration;
  return past > -NEAR_MS && (past < LONG_AGO_MS || isAlone(state)) && !isOfAnotherLength(record, duration);
}

// Who sees it alone, as after a sleep, ends it for nobody else, however long ago it was over.
const isAlone = ({ watchers }) => watchers.filter(({ state }) => state === "ready").length < 2;

function isOfAnotherLength(record, duration) {
  const ms = record.source === "local" && wanted(record).ms;
  return Boolean(ms) && Math.abs(ms - duration) > SAME_LENGTH_MS;
}
