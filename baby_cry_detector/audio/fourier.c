// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Four radix-4 passes in place.

#include "fourier.h"

#include <math.h>

#define PI 3.14159265358979323846

FourierTables fourier_tables;
static double twiddle_re[POINTS], twiddle_im[POINTS];   // exp(-2 pi i k / 256)

void fourier_prepare(void) {
  for (int k = 0; k < POINTS; k++) {
    twiddle_re[k] = cos(2.0 * PI * k / POINTS);
    twiddle_im[k] = -sin(2.0 * PI * k / POINTS);
    fourier_tables.place[k] = (k & 3) << 6 | (k & 12) << 2 | (k & 48) >> 2 | k >> 6;
  }
  for (int k = 0; k <= POINTS; k++) {
    fourier_tables.split_re[k] = cos(PI * k / POINTS);
    fourier_tables.split_im[k] = -sin(PI * k / POINTS);
  }
}

// One pass over transforms of length n: four parts are mixed and turned.
__attribute__((always_inline))
static inline void radix4(int n, Group *xr, Group *xi) {
  const int m = n / 4;
  for (int p = 0; p < m; p++) {
    const double ar = twiddle_re[p * (POINTS / n)], ai = twiddle_im[p * (POINTS / n)];
    const double br = twiddle_re[2 * p * (POINTS / n)], bi = twiddle_im[2 * p * (POINTS / n)];
    const double cr = twiddle_re[3 * p * (POINTS / n)], ci = twiddle_im[3 * p * (POINTS / n)];
    for (int i = p; i < POINTS; i += n) {
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

FOR_EACH_WIDTH
void fourier(Group *restrict xr, Group *restrict xi) {
  radix4(256, xr, xi);
  radix4(64, xr, xi);
  radix4(16, xr, xi);
  radix4(4, xr, xi);
}
