// Just enough of CUDA C for a C++ compiler: a kernel runs on the CPU, one thread after another.
// What it cannot show: flushing of subnormals, launch bounds, anything that threads could do to each other.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)

struct alignas(16) uint4 { unsigned int x, y, z, w; };
struct Index { unsigned int x; };
static thread_local Index threadIdx, blockIdx;

template <class To, class From> static To same_bits(From x)
{
    static_assert(sizeof(To) == sizeof(From), "as many bits");
    To y;
    std::memcpy(&y, &x, sizeof y);
    return y;
}

static float __fadd_rn(float a, float b) { return a + b; }
static float __fsub_rn(float a, float b) { return a - b; }
static float __fmul_rn(float a, float b) { return a * b; }
static float __fdiv_rn(float a, float b) { return a / b; }
static float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static double __dadd_rn(double a, double b) { return a + b; }
static double __dsub_rn(double a, double b) { return a - b; }
static double __dmul_rn(double a, double b) { return a * b; }
static double __ddiv_rn(double a, double b) { return a / b; }
static double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
static unsigned int __float_as_uint(float x) { return same_bits<unsigned int>(x); }
static float __uint_as_float(unsigned int x) { return same_bits<float>(x); }
static long long __double_as_longlong(double x) { return same_bits<long long>(x); }
static double __longlong_as_double(long long x) { return same_bits<double>(x); }

// A device refuses an access off its boundary; so does this one.
template <class T> static void require_aligned(const T *at)
{
    if (reinterpret_cast<std::uintptr_t>(at) % sizeof(T)) {
        std::fprintf(stderr, "an access of %zu bytes at %p\n", sizeof(T), static_cast<const void *>(at));
        std::abort();
    }
}
template <class T> static T __ldcg(const T *at)
{
    require_aligned(at);
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <class T> static void __stcg(T *at, T value)
{
    require_aligned(at);
    std::memcpy(at, &value, sizeof value);
}

// The conversions that CUDA C takes from the instruction set, after IEEE 754: to nearest, ties to even.
static unsigned short adamax_to_binary16(float x)
{
    const unsigned int sign = __float_as_uint(x) >> 16 & 0x8000u;
    const double size = std::fabs(static_cast<double>(x));
    if (x != x)
        return 0x7fffu;
    if (size >= 65520.0)
        return static_cast<unsigned short>(sign | 0x7c00u);
    if (size == 0.0)
        return static_cast<unsigned short>(sign);
    int exponent;
    std::frexp(size, &exponent);
    const int quantum = exponent - 11 > -24 ? exponent - 11 : -24;  // exponent of the last bit kept
    const long units = std::lrint(std::ldexp(size, -quantum));
    return static_cast<unsigned short>(sign | static_cast<unsigned int>(((quantum + 24) << 10) + units));
}
static float adamax_from_binary16(unsigned short x)
{
    const int field = x >> 10 & 31, fraction = x & 1023;
    const float sign = x & 0x8000u ? -1.0f : 1.0f;
    if (field == 31)
        return fraction ? NAN : sign * INFINITY;
    return sign * std::ldexp(static_cast<float>(field ? 1024 + fraction : fraction), (field ? field : 1) - 25);
}
static unsigned short adamax_to_bfloat16(float x)
{
    const unsigned int bits = __float_as_uint(x);
    return static_cast<unsigned short>(x != x ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

extern "C" __attribute__((visibility("default"))) void adamax_launch(
    void (*kernel)(const void *, const void *, const void *, const void *), unsigned int blocks, unsigned int threads,
    const void *tensors, const void *layouts, const void *chunks, const void *constants)
{
    for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
        for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x)
            kernel(tensors, layouts, chunks, constants);
}
