// Which hyperparameters an Adamax must refuse.

// Why hyperparameters are refused, or null; call your own checks here if you have some. A NaN fails every comparison.
export function refused(h) {
  if (!(h.lr >= 0)) return "lr must be at least 0";
  if (!(h.beta1 >= 0 && h.beta1 < 1)) return "beta1 must lie in [0, 1)";
  if (!(h.beta2 >= 0 && h.beta2 < 1)) return "beta2 must lie in [0, 1)";
  if (!(h.eps >= 0)) return "eps must be at least 0";
  if (!(h.weight_decay >= 0)) return "weight_decay must be at least 0";
  return null;
}
