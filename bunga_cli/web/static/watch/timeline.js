// Where a room is, from the last `state` of the server. Positions and times are microseconds of the server's clock.

// A state that is older than the one at hand is dropped; one of another epoch is of another clock, and always newer.
export function isNews(old, state) {
  return !old || old.epoch !== state.epoch || state.revision >= old.revision;
}

export function isMoving(state, serverTime) {
  return state.parked === null && state.rate > 0 && serverTime >= state.at;
}

export function positionAt(state, serverTime) {
  if (state.parked !== null) return state.parked;
  return state.position + Math.max(0, serverTime - state.at) * state.rate;
}
