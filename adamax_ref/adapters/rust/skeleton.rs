//! Your Adamax: what it is, and one step of it.

use crate::hyper::{Hyper, Real, State};

/// No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
pub const ABOUT: &str = r#""name":"my adamax","version":"1","dialects":[],"features":["init-state","lr-schedule","skip"]"#;

/// One step: counts it in s.t, and changes s.theta, s.m and s.u.
pub fn step(s: &mut State, grad: &[Real], h: &Hyper) {
    let _ = (grad, h, s.t += 1); // write your step in place of this line
}
