// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// One complex Fourier transform of 256 points (four radix-4 passes in place) carries all that the
// sets need: |X|^2 of 512 real samples, and cosine transforms of even spectra.

#include "stages.h"

#include <math.h>

#define N 256
#define PI 3.14159265358979323846

static double twiddle_re[N], twiddle_im[N];             // exp(-2 pi i k / 256)
static double split_re[N + 1], split_im[N + 1];         // exp(-2 pi i k / 512)
static double half_cos[N + 1], half_sin[N + 1];         // of pi k / 512
static int place[N];                                    // where the passes leave frequency k

void spectrum_prepare(void) {
  for (int k = 0; k < N; k++) {
    twiddle_re[k] = cos(2.0 * PI * k / N);
    twiddle_im[k] = -sin(2.0 * PI * k / N);
    place[k] = (k & 3) << 6 | (k & 12) << 2 | (k & 48) >> 2 | k >> 6;
  }
  for (int k = 0; k <= N; k++) {
    split_re[k] = cos(PI * k / N);
    split_im[k] = -sin(PI * k / N);
    half_cos[k] = cos(PI * k / (2 * N));
    half_sin[k] = sin(PI * k / (2 * N));
  }
}

// One pass over transforms of length n: four parts are mixed and turned.
__attribute__((always_inline))
static inline void radix4(int n, Group *xr, Group *xi) {
  const int m = n / 4;
  for (int p = 0; p < m; p++) {
    const double ar = twiddle_re[p * (N / n)], ai = twiddle_im[p * (N / n)];
    const double br = twiddle_re[2 * p * (N / n)], bi = twiddle_im[2 * p * (N / n)];
    const double cr = twiddle_re[3 * p * (N / n)], ci = twiddle_im[3 * p * (N / n)];
    for (int i = p; i < N; i += n) {
      const Group sr = xr[i] + xr[i + 2 * m], si = xi[i] + xi[i + 2 * m];
      const Group dr = xr[i] - xr[i + 2 * m], di = xi[i] - xi[i + 2 * m];
      const Group tr = xr[i + m] + xr[i + 3 * m], ti = xi[i + m] + xi[i + 3 * m];
      const Group er = xr[i + m] - xr[i + 3 * m], ei = xi[i + m] - xi[i + 3 * m];
      const Group ur = dr + ei, ui = di - er;           // d - i e
      const Group vr = sr - tr, vi = si - ti;
      const Group wr = dr - ei, wi = di + er;           // d + i e
      xr[i] = sr + tr;
      xi[i] = si + ti;
      if (p == 0) {                                     // is not turned
        xr[i + m] = ur;
        xi[i + m] = ui;
        xr[i + 2 * m] = vr;
        xi[i + 2 * m] = vi;
        xr[i + 3 * m] = wr;
        xi[i + 3 * m] = wi;
        continue;
      }
      xr[i + m] = ur * ar - ui * ai;
      xi[i + m] = ur * ai + ui * ar;
      xr[i + 2 * m] = vr * br - vi * bi;
      xi[i + 2 * m] = vr * bi + vi * br;
      xr[i + 3 * m] = wr * cr - wi * ci;
      xi[i + 3 * m] = wr * ci + wi * cr;
    }
  }
}

// In place: sum x[n] exp(-2 pi i k n / 256) is left at place[k].
FOR_EACH_WIDTH
static void transform(Group *restrict xr, Group *restrict xi) {
  radix4(256, xr, xi);
  radix4(64, xr, xi);
  radix4(16, xr, xi);
  radix4(4, xr, xi);
}

// Spectrum k of 512 real numbers, of which even ones are the real parts, odd ones imaginary.
#define SPLIT(zr, zi, k, re, im) \
  const int k##_a = place[(k) & (N - 1)], k##_b = place[(N - (k)) & (N - 1)]; \
  const Group k##_er = 0.5 * (zr[k##_a] + zr[k##_b]), k##_ei = 0.5 * (zi[k##_a] - zi[k##_b]); \
  const Group k##_dr = 0.5 * (zr[k##_a] - zr[k##_b]), k##_di = 0.5 * (zi[k##_a] + zi[k##_b]); \
  const Group re = k##_er + split_re[k] * k##_di + split_im[k] * k##_dr; \
  const Group im = k##_ei + split_im[k] * k##_di - split_re[k] * k##_dr

FOR_EACH_WIDTH
void spectrum_power(const Group windowed[WINDOW], int bins, Group *power) {
  Group zr[N], zi[N];
  for (int k = 0; k < WINDOW / 2; k++) {
    zr[k] = windowed[2 * k];
    zi[k] = windowed[2 * k + 1];
  }
  for (int k = WINDOW / 2; k < N; k++)
    zr[k] = zi[k] = (Group){0.0};
  transform(zr, zi);
  for (int k = 0; k < bins; k++) {
    SPLIT(zr, zi, k, re, im);
    power[k] = re * re + im * im;
  }
}

FOR_EACH_WIDTH
void spectrum_even(const Group *f, int first, int stop, int lags, Group *result) {
  // A real sequence of 512 whose spectrum holds the even results, and differences of the odd ones.
  Group zr[N], zi[N], odd = {0.0};
  for (int k = 0; k < N; k++)
    zr[k] = zi[k] = (Group){0.0};
  for (int k = first; k < stop; k++) {
    const Group half = 0.5 * f[k], leaning = f[k] * half_sin[k];
    Group *parts = k % 2 ? zi : zr;
    parts[k / 2] = half - leaning;
    parts[(2 * N - k) / 2] = half + leaning;
    odd += half_cos[k] * f[k];
  }
  transform(zr, zi);
  for (int k = 0; 2 * k < lags; k++) {
    SPLIT(zr, zi, k, re, im);
    result[2 * k] = re;
    if (k)
      odd -= im;
    if (2 * k + 1 < lags)
      result[2 * k + 1] = odd;
  }
}

FOR_EACH_WIDTH
void spectrum_even_pair(Group f[2][BINS], Group result[2][MAX_LAGS]) {
  Group z[2][N], odd[2];
  for (int which = 0; which < 2; which++) {
    const Group *g = f[which];
    odd[which] = 0.5 * (g[0] - g[N]);
    z[which][0] = 0.5 * (g[0] + g[N]);
    z[which][N / 2] = g[N / 2];
    for (int k = 1; k < N / 2; k++) {
      const Group sum = 0.5 * (g[k] + g[N - k]), difference = g[k] - g[N - k];
      z[which][k] = sum - half_sin[2 * k] * difference;
      z[which][N - k] = sum + half_sin[2 * k] * difference;
      odd[which] += half_cos[2 * k] * difference;
    }
  }
  transform(z[0], z[1]);
  for (int k = 0; k < N / 2; k++) {
    const int a = place[k], b = place[(N - k) & (N - 1)];
    const Group re[2] = {0.5 * (z[0][a] + z[0][b]), 0.5 * (z[1][a] + z[1][b])};
    const Group im[2] = {0.5 * (z[1][a] - z[1][b]), 0.5 * (z[0][b] - z[0][a])};
    for (int which = 0; which < 2; which++) {
      result[which][2 * k] = re[which];
      if (k)
        odd[which] -= im[which];
      result[which][2 * k + 1] = odd[which];
    }
  }
}

FOR_EACH_WIDTH
void square_roots(Group *values, int count) {
  double *value = (double *)values;
  for (int i = 0; i < count * GROUP; i++)
    value[i] = sqrt(value[i]);
}
