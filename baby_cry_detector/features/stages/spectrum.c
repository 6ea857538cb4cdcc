// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What the sets need of a Fourier transform of 256 points: |X|^2 of 512 real samples, and cosine
// transforms of even spectra.

#include "stages.h"

#include <math.h>

#define N POINTS
#define PI 3.14159265358979323846

static double half_cos[N + 1], half_sin[N + 1];         // of pi k / 512

void spectrum_prepare(void) {
  for (int k = 0; k <= N; k++) {
    half_cos[k] = cos(PI * k / (2 * N));
    half_sin[k] = sin(PI * k / (2 * N));
  }
}

// Spectrum k of 512 real numbers, of which even ones are the real parts, odd ones imaginary.
#define SPLIT(zr, zi, k, re, im) \
  const int k##_a = fourier_tables.place[(k) & (N - 1)], k##_b = fourier_tables.place[(N - (k)) & (N - 1)]; \
  const Group k##_er = 0.5 * (zr[k##_a] + zr[k##_b]), k##_ei = 0.5 * (zi[k##_a] - zi[k##_b]); \
  const Group k##_dr = 0.5 * (zr[k##_a] - zr[k##_b]), k##_di = 0.5 * (zi[k##_a] + zi[k##_b]); \
  const Group re = k##_er + fourier_tables.split_re[k] * k##_di + fourier_tables.split_im[k] * k##_dr; \
  const Group im = k##_ei + fourier_tables.split_im[k] * k##_di - fourier_tables.split_re[k] * k##_dr

FOR_EACH_WIDTH
void spectrum_power(const Group windowed[WINDOW], int bins, Group *power) {
  Group zr[N], zi[N];
  for (int k = 0; k < WINDOW / 2; k++) {
    zr[k] = windowed[2 * k];
    zi[k] = windowed[2 * k + 1];
  }
  for (int k = WINDOW / 2; k < N; k++)
    zr[k] = zi[k] = (Group){0.0};
  fourier(zr, zi);
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
  fourier(zr, zi);
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
  fourier(z[0], z[1]);
  for (int k = 0; k < N / 2; k++) {
    const int a = fourier_tables.place[k], b = fourier_tables.place[(N - k) & (N - 1)];
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
