// Numbers, hyperparameters and which of them an Adamax must refuse, and its state.
#include <cfloat>
#include <cmath>
#include <vector>

#ifndef REAL
#define REAL float
#endif
using real = REAL;
static_assert(FLT_EVAL_METHOD == 0, "every operation must round to its own type; on 32-bit x86 add -msse2 -mfpmath=sse");

struct Hyper {
    double lr, beta1, beta2, eps, weight_decay;
    bool maximize;
};

// Why hyperparameters are refused, or nullptr; call your own checks here if you have some. A NaN fails every comparison.
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
