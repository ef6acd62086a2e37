// An Adamax of its own, with the operations of torch.optim.Adamax in the same order. JavaScript has neither single
// precision nor a fused multiply-add: here both are made of doubles. In f32 it is exact; in f64 it does without fusing.

export const about = {
  name: "adamax.mjs",
  version: "1.0",
  dialects: ["torch"],
  features: ["init-state", "l2", "lr-schedule", "maximize", "skip"],
};

const single = Math.fround;
const arithmetic = {
  f32: { round: single, fma: fusedSingle },
  f64: { round: (x) => x, fma: (a, b, c) => a * b + c },
};

// One step on arrays of numbers of the profile: counts it, and changes theta, m and u.
export function step(state, grad, h, profile) {
  const { round, fma } = arithmetic[profile];
  const { theta, m, u } = state;
  const weight = round(1 - h.beta1), beta2 = round(h.beta2), eps = round(h.eps), decay = round(h.weight_decay);
  const rate = round(-(h.lr / (1 - power(h.beta1, ++state.t))));
  for (let i = 0; i < grad.length; i++) {
    let g = h.maximize ? -grad[i] : grad[i];
    if (h.weight_decay !== 0) g = fma(theta[i], decay, g);
    const toward = round(g - m[i]);
    m[i] = weight < 0.5 ? fma(weight, toward, m[i]) : fma(round(weight - 1), toward, g);
    u[i] = Math.max(round(beta2 * u[i]), round(Math.abs(g) + eps)); // Math.max keeps a NaN
    theta[i] = round(theta[i] + round(round(rate * m[i]) / u[i]));
  }
}

// a * b + c for three singles, rounded once. The product is exact in double; the sum is rounded to odd, so that the
// rounding to single that follows sees on which side of a middle the exact sum lies.
function fusedSingle(a, b, c) {
  const product = a * b, sum = product + c;
  const part = sum - product, lost = product - (sum - part) + (c - part);
  return single(lost === 0 || !Number.isFinite(sum) ? sum : odd(sum, lost));
}

const double = new Float64Array(1), pattern = new BigInt64Array(double.buffer);
function odd(sum, lost) {
  double[0] = sum;
  if ((pattern[0] & 1n) === 0n) pattern[0] += lost > 0 === sum > 0 ? 1n : -1n;
  return double[0];
}

// base ** t, correctly rounded in all but the rarest cases: Math.pow may be a unit off. Each factor is the unevaluated
// sum of two doubles.
function power(base, t) {
  let result = [1, 0];
  for (let square = [base, 0]; t > 0; t = Math.floor(t / 2), square = times(square, square)) {
    if (t % 2 === 1) result = times(result, square);
  }
  return result[0];
}

function times([a, low], [b, tail]) {
  const product = a * b, [high, rest] = halves(a), [big, small] = halves(b);
  const error = rest * small - (product - high * big - rest * big - high * small) + (a * tail + low * b);
  return [product + error, error - (product + error - product)];
}

function halves(x) {
  const shifted = 134217729 * x, high = shifted - (shifted - x);
  return [high, x - high];
}
