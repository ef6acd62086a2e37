/* Your Adamax: what it is, and one step of it. */
#include "hyper.h"

/* No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize". */
#define ABOUT "\"name\":\"my adamax\",\"version\":\"1\",\"dialects\":[]," \
    "\"features\":[\"init-state\",\"lr-schedule\",\"skip\"]"

/* Step number t, counted from 1, on n numbers: changes theta, m and u in place. */
static void step(long n, real *theta, const real *grad, real *m, real *u, long t, const struct hyper *h) {
    (void)n, (void)theta, (void)grad, (void)m, (void)u, (void)t, (void)h; /* write your step in place of this line */
}
