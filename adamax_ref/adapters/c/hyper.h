/* Numbers, hyperparameters, and which of them an Adamax must refuse. */
#include <float.h>
#include <tgmath.h>

#ifndef REAL
#define REAL float
#endif
typedef REAL real;
_Static_assert(FLT_EVAL_METHOD == 0, "every operation must round to its own type; on 32-bit x86 add -msse2 -mfpmath=sse");

struct hyper {
    double lr, beta1, beta2, eps, weight_decay;
    int maximize;
};

/* Why hyperparameters are refused, or NULL; call your own checks here if you have some. A NaN fails every comparison. */
static const char *refused(const struct hyper *h) {
    if (!(h->lr >= 0)) return "lr must be at least 0";
    if (!(h->beta1 >= 0 && h->beta1 < 1)) return "beta1 must lie in [0, 1)";
    if (!(h->beta2 >= 0 && h->beta2 < 1)) return "beta2 must lie in [0, 1)";
    if (!(h->eps >= 0)) return "eps must be at least 0";
    if (!(h->weight_decay >= 0)) return "weight_decay must be at least 0";
    return NULL;
}
