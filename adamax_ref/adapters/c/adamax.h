/* An Adamax of its own, with the operations of torch.optim.Adamax in the same order: exact. */
#include "hyper.h"

#define ABOUT "\"name\":\"adamax.h\",\"version\":\"1.0\",\"dialects\":[\"torch\"]," \
    "\"features\":[\"init-state\",\"l2\",\"lr-schedule\",\"maximize\",\"skip\"]"

/* Step number t, counted from 1, on n numbers: changes theta, m and u in place. */
static void step(long n, real *theta, const real *grad, real *m, real *u, long t, const struct hyper *h) {
    const real weight = 1 - h->beta1, beta2 = h->beta2, eps = h->eps, decay = h->weight_decay;
    const real rate = -(h->lr / (1 - pow(h->beta1, (double)t)));
    for (long i = 0; i < n; i++) {
        real g = h->maximize ? -grad[i] : grad[i];
        if (h->weight_decay != 0) g = fma(theta[i], decay, g);
        const real toward = g - m[i], shrunk = beta2 * u[i];
        m[i] = weight < (real)0.5 ? fma(weight, toward, m[i]) : fma(weight - 1, toward, g);
        u[i] = fabs(g) + eps;
        if (!(shrunk <= u[i]) && u[i] == u[i]) u[i] = shrunk; /* the larger; a NaN from either side stays */
        theta[i] = theta[i] + rate * m[i] / u[i];
    }
}
