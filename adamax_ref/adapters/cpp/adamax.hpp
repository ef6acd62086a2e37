// An Adamax of its own, with the operations of torch.optim.Adamax in the same order: exact.
#include "hyper.hpp"

constexpr auto about = R"("name":"adamax.hpp","version":"1.0","dialects":["torch"],)"
                       R"("features":["init-state","l2","lr-schedule","maximize","skip"])";

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
