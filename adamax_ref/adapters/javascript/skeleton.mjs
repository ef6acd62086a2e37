// Your Adamax: what it is, what it refuses, and one step of it.

// No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
export const about = { name: "my adamax", version: "1", dialects: [], features: ["init-state", "lr-schedule", "skip"] };

// Why hyperparameters are refused, or null; call your own checks here. A NaN fails every comparison.
export function refused(h) {
  if (!(h.lr >= 0)) return "lr must be at least 0";
  if (!(h.beta1 >= 0 && h.beta1 < 1)) return "beta1 must lie in [0, 1)";
  if (!(h.beta2 >= 0 && h.beta2 < 1)) return "beta2 must lie in [0, 1)";
  if (!(h.eps >= 0)) return "eps must be at least 0";
  if (!(h.weight_decay >= 0)) return "weight_decay must be at least 0";
  return null;
}

// One step on arrays of numbers, which are singles in profile f32: counts it in state.t, and changes state.theta, state.m
// and state.u.
export function step(state, grad, h, profile) {
  state.t += 1; // write your step in place of this line
}
