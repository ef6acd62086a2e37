// Your Adamax: what it is, and one step of it.

// No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
export const about = { name: "my adamax", version: "1", dialects: [], features: ["init-state", "lr-schedule", "skip"] };

// One step on arrays of numbers, which are singles in profile f32: counts it in state.t, and changes state.theta, state.m
// and state.u.
export function step(state, grad, h, profile) {
  state.t += 1; // write your step in place of this line
}
