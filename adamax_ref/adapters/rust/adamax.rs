//! An Adamax of its own, with the operations of torch.optim.Adamax in the same order: exact.

use crate::hyper::{Hyper, Real, State};

pub const ABOUT: &str = r#""name":"adamax.rs","version":"1.0","dialects":["torch"],"features":["init-state","l2","lr-schedule","maximize","skip"]"#;

/// One step: counts it, and changes theta, m and u.
pub fn step(s: &mut State, grad: &[Real], h: &Hyper) {
    s.t += 1;
    let weight = (1.0 - h.beta1) as Real;
    let rate = -(h.lr / (1.0 - h.beta1.powf(s.t as f64))) as Real;
    for i in 0..grad.len() {
        let mut g = if h.maximize { -grad[i] } else { grad[i] };
        if h.weight_decay != 0.0 {
            g = s.theta[i].mul_add(h.weight_decay as Real, g);
        }
        let toward = g - s.m[i];
        s.m[i] = if weight < 0.5 { weight.mul_add(toward, s.m[i]) } else { (weight - 1.0).mul_add(toward, g) };
        let (shrunk, size) = (h.beta2 as Real * s.u[i], g.abs() + h.eps as Real);
        // The larger; f32::max would lose a NaN.
        s.u[i] = if shrunk <= size || size.is_nan() { size } else { shrunk };
        s.theta[i] += rate * s.m[i] / s.u[i];
    }
}
