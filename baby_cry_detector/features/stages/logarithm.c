// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Logarithms, several at a time. A descriptor row takes some two hundred of them.

#include "stages.h"

#include <string.h>

#define LN2_HIGH 6.93147180369123816490e-01     // its last 21 bits are zero: times n it is exact
#define LN2_LOW 1.90821492927058770002e-10
#define ROOT_HALF_BITS INT64_C(0x3fe6a09e00000000)
#define EXPONENT INT64_C(0xfff0000000000000)

// x = 2^n m with m from 0.7071 to 1.4142; log m = 2 atanh(s), s = (m - 1) / (m + 1), as a series
// whose first term left out is below 1e-17.
FOR_EACH_WIDTH
void logarithms(double *values, int count) {
  for (int i = 0; i < count; i++) {
    int64_t bits;
    double m, whole;
    memcpy(&bits, values + i, sizeof bits);
    const int64_t above = (bits - ROOT_HALF_BITS) & EXPONENT;
    const int64_t mantissa = bits - above;
    memcpy(&m, &mantissa, sizeof m);
    // The exponent as a double without a conversion of 64 bits: 1.5 * 2^52 + n, minus that.
    const int64_t biased = INT64_C(0x4338000000000000) + (int64_t)((uint64_t)above >> 52)
        - (int64_t)(((uint64_t)above >> 63) << 12);
    memcpy(&whole, &biased, sizeof whole);
    const double n = whole - 6755399441055744.0;
    const double s = (m - 1.0) / (m + 1.0), q = s * s;
    const double series = q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (
        1.0 / 11 + q * (1.0 / 13 + q * (1.0 / 15 + q * (1.0 / 17 + q * (1.0 / 19 + q * (1.0 / 21
        ))))))))));
    values[i] = n * LN2_HIGH + (2.0 * s + (2.0 * s * series + n * LN2_LOW));
  }
}
