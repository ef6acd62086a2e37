// Your Adamax: what it is, what it refuses, and one step of it.
#include <cfloat>
#include <cmath>
#include <vector>

#ifndef REAL
#define REAL float
#endif
using real = REAL;
static_assert(FLT_EVAL_METHOD == 0, "every operation must round to its own type; on 32-bit x86 add -msse2 -mfpmath=sse");

// No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
constexpr auto about = R"("name":"my adamax","version":"1","dialects":[],"features":["init-state","lr-schedule","skip"])";

struct Hyper {
    double lr, beta1, beta2, eps, weight_decay;
    bool maximize;
};

// Why hyperparameters are refused, or nullptr; call your own checks here. A NaN fails every comparison.
inline const char *refused(const Hyper &h) {
    if (!(h.lr >= 0)) return "lr must be at least 0";
    if (!(h.beta1 >= 0 && h.beta1 < 1)) return "beta1 must lie in [0, 1)";
    if (!(h.beta2 >= 0 && h.beta2 < 1)) return "beta2 must lie in [0, 1)";
    if (!(h.eps >= 0)) return "eps must be at least 0";
    if (!(h.weight_decay >= 0)) return "weight_decay must be at least 0";
    return nullptr;
}

struct State {
    std::vector<real> theta, m, u;
    long t = 0;
};

// One step: counts it in s.t, and changes s.theta, s.m and s.u.
inline void step(State &s, const std::vector<real> &grad, const Hyper &h) {
    (void)grad, (void)h, s.t++;  // write your step in place of this line
}
