// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// One complex Fourier transform of 256 points (four radix-4 passes, sorted as it goes) carries all
// that the sets need: |X|^2 of 512 real samples, and cosine transforms of even spectra.

#include "stages.h"

#include <math.h>

#define N 256
#define PI 3.14159265358979323846

static double twiddle_re[N], twiddle_im[N];             // exp(-2 pi i k / 256)
static double split_re[N + 1], split_im[N + 1];         // exp(-2 pi i k / 512)
static double half_cos[N + 1], half_sin[N + 1];         // of pi k / 512

void spectrum_prepare(void) {
  for (int k = 0; k < N; k++) {
    twiddle_re[k] = cos(2.0 * PI * k / N);
    twiddle_im[k] = -sin(2.0 * PI * k / N);
  }
  for (int k = 0; k <= N; k++) {
    split_re[k] = cos(PI * k / N);
    split_im[k] = -sin(PI * k / N);
    half_cos[k] = cos(PI * k / (2 * N));
    half_sin[k] = sin(PI * k / (2 * N));
  }
}

// One pass over transforms of length n, interleaved with step s; n * s = 256.
static inline void radix4(int n, int s, const double *xr, const double *xi, double *yr,
                          double *yi) {
  const int m = n / 4;
  for (int p = 0; p < m; p++) {
    const double ar = twiddle_re[p * s], ai = twiddle_im[p * s];
    const double br = twiddle_re[2 * p * s], bi = twiddle_im[2 * p * s];
    const double cr = twiddle_re[3 * p * s], ci = twiddle_im[3 * p * s];
    for (int q = 0; q < s; q++) {
      const int i = q + s * p, o = q + 4 * s * p;
      const double sr = xr[i] + xr[i + 2 * s * m], si = xi[i] + xi[i + 2 * s * m];
      const double dr = xr[i] - xr[i + 2 * s * m], di = xi[i] - xi[i + 2 * s * m];
      const double tr = xr[i + s * m] + xr[i + 3 * s * m], ti = xi[i + s * m] + xi[i + 3 * s * m];
      const double er = xr[i + s * m] - xr[i + 3 * s * m], ei = xi[i + s * m] - xi[i + 3 * s * m];
      yr[o] = sr + tr;
      yi[o] = si + ti;
      const double ur = dr + ei, ui = di - er;          // d - i e
      yr[o + s] = ur * ar - ui * ai;
      yi[o + s] = ur * ai + ui * ar;
      const double vr = sr - tr, vi = si - ti;
      yr[o + 2 * s] = vr * br - vi * bi;
      yi[o + 2 * s] = vr * bi + vi * br;
      const double wr = dr - ei, wi = di + er;          // d + i e
      yr[o + 3 * s] = wr * cr - wi * ci;
      yi[o + 3 * s] = wr * ci + wi * cr;
    }
  }
}

// In place: x becomes sum x[n] exp(-2 pi i k n / 256).
FOR_EACH_WIDTH
static void transform(double *restrict xr, double *restrict xi) {
  double yr[N], yi[N];
  radix4(256, 1, xr, xi, yr, yi);
  radix4(64, 4, yr, yi, xr, xi);
  radix4(16, 16, xr, xi, yr, yi);
  radix4(4, 64, yr, yi, xr, xi);
}

// Spectrum k of 512 real numbers, of which even ones are the real parts, odd ones imaginary.
static inline void split(const double *zr, const double *zi, int k, double *re, double *im) {
  const int a = k & (N - 1), b = (N - k) & (N - 1);
  const double er = 0.5 * (zr[a] + zr[b]), ei = 0.5 * (zi[a] - zi[b]);
  const double dr = 0.5 * (zr[a] - zr[b]), di = 0.5 * (zi[a] + zi[b]);
  *re = er + split_re[k] * di + split_im[k] * dr;
  *im = ei + split_im[k] * di - split_re[k] * dr;
}

FOR_EACH_WIDTH
void spectrum_power(const double windowed[WINDOW], int bins, double *power) {
  double zr[N], zi[N];
  for (int k = 0; k < WINDOW / 2; k++) {
    zr[k] = windowed[2 * k];
    zi[k] = windowed[2 * k + 1];
  }
  for (int k = WINDOW / 2; k < N; k++)
    zr[k] = zi[k] = 0.0;
  transform(zr, zi);
  for (int k = 0; k < bins; k++) {
    double re, im;
    split(zr, zi, k, &re, &im);
    power[k] = re * re + im * im;
  }
}

void spectrum_even(const double *f, int first, int stop, int lags, double *result) {
  // A real sequence of 512 whose spectrum holds the even results, and differences of the odd ones.
  double y[2 * N] = {0.0}, zr[N], zi[N], odd = 0.0;
  for (int k = first; k < stop; k++) {
    const int mirrored = k > N;                         // beyond the middle
    const int j = mirrored ? 2 * N - k : k;
    const double value = f[k], leaning = (mirrored ? -value : value) * half_sin[j];
    y[j] += 0.5 * value - leaning;
    if (j != N) {
      y[2 * N - j] += 0.5 * value + leaning;
      odd += mirrored ? -half_cos[j] * value : half_cos[j] * value;
    } else {
      y[N] = value;
    }
  }
  for (int k = 0; k < N; k++) {
    zr[k] = y[2 * k];
    zi[k] = y[2 * k + 1];
  }
  transform(zr, zi);
  for (int k = 0; 2 * k < lags; k++) {
    double re, im;
    split(zr, zi, k, &re, &im);
    result[2 * k] = re;
    if (k)
      odd -= im;
    if (2 * k + 1 < lags)
      result[2 * k + 1] = odd;
  }
}

void spectrum_even_pair(double f[2][BINS], double result[2][MAX_LAGS]) {
  double z[2][N], odd[2];
  for (int which = 0; which < 2; which++) {
    const double *g = f[which];
    odd[which] = 0.5 * (g[0] - g[N]);
    z[which][0] = 0.5 * (g[0] + g[N]);
    z[which][N / 2] = g[N / 2];
    for (int k = 1; k < N / 2; k++) {
      const double sum = 0.5 * (g[k] + g[N - k]), difference = g[k] - g[N - k];
      z[which][k] = sum - half_sin[2 * k] * difference;
      z[which][N - k] = sum + half_sin[2 * k] * difference;
      odd[which] += half_cos[2 * k] * difference;
    }
  }
  transform(z[0], z[1]);
  for (int k = 0; k < N / 2; k++) {
    const int a = k, b = (N - k) & (N - 1);
    const double re[2] = {0.5 * (z[0][a] + z[0][b]), 0.5 * (z[1][a] + z[1][b])};
    const double im[2] = {0.5 * (z[1][a] - z[1][b]), 0.5 * (z[0][b] - z[0][a])};
    for (int which = 0; which < 2; which++) {
      result[which][2 * k] = re[which];
      if (k)
        odd[which] -= im[which];
      result[which][2 * k + 1] = odd[which];
    }
  }
}
