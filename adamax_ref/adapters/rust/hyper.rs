//! Numbers, hyperparameters and which of them an Adamax must refuse, and its state.

#[cfg(not(double))]
pub type Real = f32;
#[cfg(double)]
pub type Real = f64;

#[allow(dead_code)]
pub struct Hyper {
    pub lr: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    pub maximize: bool,
}

/// The hyperparameters, or why they are refused; call your own checks here if you have some. A NaN lies in no range.
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
