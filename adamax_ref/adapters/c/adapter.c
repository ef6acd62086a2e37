/* Lets the Adamax in adamax.h answer the questions of `adamax-ref verify`: one JSON object a line in, one a line out.
 *
 *   cc -O2 -ffp-contract=off -o adapter adapter.c -lm        profile f32; with -DREAL=double profile f64
 *   adamax-ref verify --dialect torch -- ./adapter
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "adamax.h"

/* What follows the JSON value that begins at `at`. */
static const char *skip(const char *at) {
    int depth = 0, quoted = 0;
    do {
        if (*at == '"') quoted = !quoted;
        else if (quoted) at += *at == '\\' && at[1];
        else depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    } while (*at && *++at && (quoted || depth > 0 || !strchr(",:}] \t\r\n", *at)));
    return at;
}

/* The value of `key` in the object at `at`, or NULL. */
static const char *get(const char *at, const char *key) {
    size_t length = strlen(key);
    if (!at || *at++ != '{') return NULL;
    while (*(at += strspn(at, " \t\r\n,")) == '"') {
        int found = !strncmp(at + 1, key, length) && at[length + 1] == '"';
        at = skip(at);
        at += strspn(at, " \t\r\n:");
        if (found) return at;
        at = skip(at);
    }
    return NULL;
}

/* The first element of the array that begins at `at`, or the one after the element that ends there; NULL at the end. */
static const char *element(const char *at) {
    if (at) at += strspn(at, " \t\r\n[,");
    return at && *at && *at != ']' ? at : NULL;
}

/* Reads exactly `count` bit patterns of `size` bytes each; 0 when one is malformed or there are more or fewer. */
static int numbers(const char *at, size_t size, size_t count, void *to) {
    if (!at || *at++ != '"') return 0;
    for (size_t i = 0; i < count; i++) {
        if (strspn(at, "0123456789abcdef") != 2 * size) return 0;
        uint64_t bits = strtoull(at, (char **)&at, 16);
        uint32_t half = (uint32_t)bits;
        memcpy((char *)to + i * size, size == 4 ? (void *)&half : (void *)&bits, size);
        if (i + 1 < count && *at++ != ' ') return 0;
    }
    return *at == '"';
}

static void show(FILE *out, const char *name, const real *from, size_t count) {
    fprintf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < count; i++) {
        union { real value; uint32_t half; uint64_t bits; } x = {from[i]};
        fprintf(out, "%s%0*" PRIx64, i ? " " : "", (int)(2 * sizeof(real)), sizeof(real) == 4 ? x.half : x.bits);
    }
    fputc('"', out);
}

static const char *hyper_names[] = {"lr", "beta1", "beta2", "eps", "weight_decay"}, *arrays[] = {"theta", "m", "u"};

/* Writes the reported steps; returns why the question is refused, or NULL. */
static const char *run(const char *question, FILE *out) {
    const char *hyper = get(question, "hyper"), *init = get(question, "init"), *start = get(init, "t");
    double h[5];
    for (int i = 0; i < 5; i++)
        if (!numbers(get(get(hyper, hyper_names[i]), "f64"), 8, 1, h + i)) return "a hyperparameter is malformed";
    const char *up = get(hyper, "maximize"), *report = element(get(question, "report")), *why = NULL;
    struct hyper now = {h[0], h[1], h[2], h[3], h[4], up && *up == 't'};
    long n = 1, t = start ? strtol(start, NULL, 10) : -1, number = 0;
    for (const char *e = element(get(question, "shape")); e; e = element(skip(e))) n *= strtol(e, NULL, 10);
    real *theta = calloc(4 * n + 1, sizeof(real)), *grad = theta + 3 * n;
    if (!theta) exit(EXIT_FAILURE);
    for (int i = 0; i < 3; i++)
        if (!numbers(get(init, arrays[i]), sizeof(real), n, theta + i * n)) why = "an array is malformed or of wrong length";
    if (!why) why = t < 0 ? "t is negative" : refused(&now);
    for (const char *e = element(get(question, "steps")); e && !why; e = element(skip(e))) {
        const char *skipped = get(e, "skip"), *lr = get(get(e, "lr"), "f64");
        now.lr = h[0];
        if (lr && !numbers(lr, 8, 1, &now.lr)) why = "lr is malformed";
        else if (!skipped && !numbers(get(e, "grad"), sizeof(real), n, grad)) why = "a gradient is malformed or of wrong length";
        else if (!(why = refused(&now)) && !skipped) step(n, theta, grad, theta + n, theta + 2 * n, ++t, &now);
        if (why || ++number != (report ? strtol(report, NULL, 10) : 0)) continue;
        fprintf(out, "%s{\"step\":%ld,\"t\":%ld", ftell(out) ? "," : "", number, t);
        for (int i = 0; i < 3; i++) show(out, arrays[i], theta + i * n, n);
        fputc('}', out);
        report = element(skip(report));
    }
    free(theta);
    return why;
}

int main(void) {
    char *line = NULL, *text = NULL;
    for (size_t room = 0, size = 0; getline(&line, &room, stdin) > 0; fflush(stdout)) {
        const char *id = get(line, "id");
        if (!id) {
            printf("{\"axp\":1,\"language\":\"c\",\"profiles\":[\"%s\"]," ABOUT ",\"declares\":[],"
                   "\"exposes\":[\"theta\",\"m\",\"u\",\"t\"]}\n", sizeof(real) == 4 ? "f32" : "f64");
            continue;
        }
        FILE *out = open_memstream(&text, &size);
        const char *why = run(line, out);
        fclose(out);
        printf("{\"id\":%.*s,\"%s%s%s}\n", (int)(skip(id) - id), id,
               why ? "refused\":{\"message\":\"" : "steps\":[", why ? why : text, why ? "\"}" : "]");
        free(text);
    }
    free(line);
    return 0;
}
