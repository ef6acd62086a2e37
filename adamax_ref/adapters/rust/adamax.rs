//! An Adamax of its own, with the operations of torch.optim.Adamax in the same order: exact.

#[cfg(not(double))]
pub type Real = f32;
#[cfg(double)]
pub type Real = f64;

pub const ABOUT: &str = r#""name":"adamax.rs","version":"1.0","dialects":["torch"],"features":["init-state","l2","lr-schedule","maximize","skip"]"#;

pub struct Hyper {
    pub lr: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    pub maximize: bool,
}

/// The hyperparameters, or why they are refused; a NaN lies in no range.
pub fn checked(h: &Hyper) -> Result<&Hyper, &'static str> {
    if !(h.lr >= 0.0) {
        return Err("lr must be at least 0");
    }
    if !(0.0..1.0).contains(&h.beta1) || !(0.0..1.0).contains(&h.beta2) {
        return Err("beta1 and beta2 must lie in [0, 1)");
    }
    if !(h.eps >= 0.0 && h.weight_decay >= 0.0) {
        return Err("eps and weight_decay must be at least 0");
    }
    Ok(h)
}

pub struct State {
    pub theta: Vec<Real>,
    pub m: Vec<Real>,
    pub u: Vec<Real>,
    pub t: i64,
}

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
