// An Adamax of its own, with the operations of torch.optim.Adamax in the same order: exact.
#include <cfloat>
#include <cmath>
#include <vector>

#ifndef REAL
#define REAL float
#endif
using real = REAL;
static_assert(FLT_EVAL_METHOD == 0, "every operation must round to its own type; on 32-bit x86 add -msse2 -mfpmath=sse");

constexpr auto about = R"("name":"adamax.hpp","version":"1.0","dialects":["torch"],)"
                       R"("features":["init-state","l2","lr-schedule","maximize","skip"])";

struct Hyper {
    double lr, beta1, beta2, eps, weight_decay;
    bool maximize;
};

// Why hyperparameters are refused, or nullptr; a NaN fails every comparison.
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

// One step: counts it, and changes theta, m and u.
inline void step(State &s, const std::vector<real> &grad, const Hyper &h) {
    const real weight = real(1 - h.beta1), beta2 = real(h.beta2), eps = real(h.eps), decay = real(h.weight_decay);
    const real rate = real(-(h.lr / (1 - std::pow(h.beta1, double(++s.t)))));
    for (std::size_t i = 0; i < s.theta.size(); i++) {
        real g = h.maximize ? -grad[i] : grad[i];
        if (h.weight_decay != 0) g = std::fma(s.theta[i], decay, g);
        const real toward = g - s.m[i], shrunk = beta2 * s.u[i], size = std::abs(g) + eps;
        s.m[i] = weight < real(0.5) ? std::fma(weight, toward, s.m[i]) : std::fma(weight - 1, toward, g);
        s.u[i] = shrunk <= size || size != size ? size : shrunk;  // the larger; a NaN from either side stays
        s.theta[i] += rate * s.m[i] / s.u[i];
    }
}
