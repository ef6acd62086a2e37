// Your Adamax: what it is, and one step of it.
#include "hyper.hpp"

// No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
constexpr auto about = R"("name":"my adamax","version":"1","dialects":[],"features":["init-state","lr-schedule","skip"])";

// One step: counts it in s.t, and changes s.theta, s.m and s.u.
inline void step(State &s, const std::vector<real> &grad, const Hyper &h) {
    (void)grad, (void)h, s.t++;  // write your step in place of this line
}
