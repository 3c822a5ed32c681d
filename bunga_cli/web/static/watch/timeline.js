// Where a room is, from the last `state` of the server. Positions and times are microseconds of the server's clock.
//
// A state takes effect at its moment `at`, which may be yet to come: until then the room moves as it did before.

// A state that is older than the one at hand is dropped; one of another epoch is of another clock, and always newer.
export function isNews(old, state) {
  return !old || old.epoch !== state.epoch || state.revision >= old.revision;
}

function rateAt(state, serverTime) {
  return serverTime < state.at ? (state.rate_before ?? 0) : state.rate;
}

export function isMoving(state, serverTime) {
  return state.parked === null && rateAt(state, serverTime) > 0;
}

export function positionAt(state, serverTime) {
  if (state.parked !== null) return state.parked;
  return state.position + (serverTime - state.at) * rateAt(state, serverTime);
}

// Whether the room runs, or will by itself.
export function isToRun(state) {
  return state.parked === null && state.rate > 0;
}

// How long it takes until the room that moves, or will, comes by a position; less than 0: it has passed.
export function untilAt(state, serverTime, position) {
  return state.at + (position - state.position) - serverTime;
}

// How long a room that moves goes on doing so; Infinity: nothing is known of an end.
export function untilStop(state, serverTime) {
  return state.rate > 0 ? Infinity : state.at - serverTime;
}
