// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The step of kalman_filter.py on the same arrays; complex numbers are pairs of doubles.

#include "kalman_filter.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 256
#define BINS (BLOCK + 1)
#define DIRECT_PARTITIONS 2
#define SHORTENED 3
#define PI 3.14159265358979323846

static const double TRANSITION = 0.9998, NOISE_MEMORY = 0.8, TINY = 1e-12;

static double turn_re[BLOCK], turn_im[BLOCK];           // exp(-2 pi i k / 256)
static double split_re[BINS], split_im[BINS];           // exp(-2 pi i k / 512)
static int place[BLOCK];                                // where the passes leave frequency k

void echo_prepare(void) {
  for (int k = 0; k < BLOCK; k++) {
    turn_re[k] = cos(2.0 * PI * k / BLOCK);
    turn_im[k] = -sin(2.0 * PI * k / BLOCK);
    place[k] = (k & 3) << 6 | (k & 12) << 2 | (k & 48) >> 2 | k >> 6;
  }
  for (int k = 0; k < BINS; k++) {
    split_re[k] = cos(PI * k / BLOCK);
    split_im[k] = -sin(PI * k / BLOCK);
  }
}

// Sum x[n] exp(-2 pi i k n / 256), left at place[k].
static void transform(double *restrict xr, double *restrict xi) {
  for (int n = BLOCK; n > 1; n /= 4) {
    const int m = n / 4, stride = BLOCK / n;
    for (int i = 0; i < BLOCK; i += n) {
      for (int p = 0; p < m; p++) {
        const int a = i + p, b = a + m, c = b + m, d = c + m;
        const double sr = xr[a] + xr[c], si = xi[a] + xi[c];
        const double dr = xr[a] - xr[c], di = xi[a] - xi[c];
        const double tr = xr[b] + xr[d], ti = xi[b] + xi[d];
        const double er = xr[b] - xr[d], ei = xi[b] - xi[d];
        const double ur = dr + ei, ui = di - er, vr = sr - tr, vi = si - ti;
        const double wr = dr - ei, wi = di + er;
        const int one = p * stride, two = 2 * one, three = (3 * one) & (BLOCK - 1);
        xr[a] = sr + tr;
        xi[a] = si + ti;
        xr[b] = ur * turn_re[one] - ui * turn_im[one];
        xi[b] = ur * turn_im[one] + ui * turn_re[one];
        xr[c] = vr * turn_re[two] - vi * turn_im[two];
        xi[c] = vr * turn_im[two] + vi * turn_re[two];
        xr[d] = wr * turn_re[three] - wi * turn_im[three];
        xi[d] = wr * turn_im[three] + wi * turn_re[three];
      }
    }
  }
}

// Spectrum (257 complex) of the 512 real numbers of two halves.
static void forward(const double *first, const double *second, double *spectrum) {
  double xr[BLOCK], xi[BLOCK];
  for (int k = 0; k < BLOCK / 2; k++) {
    xr[k] = first[2 * k];
    xi[k] = first[2 * k + 1];
    xr[k + BLOCK / 2] = second[2 * k];
    xi[k + BLOCK / 2] = second[2 * k + 1];
  }
  transform(xr, xi);
  for (int k = 0; k < BINS; k++) {
    const int at = place[k & (BLOCK - 1)], other = place[(BLOCK - k) & (BLOCK - 1)];
    const double er = 0.5 * (xr[at] + xr[other]), ei = 0.5 * (xi[at] - xi[other]);
    const double or = 0.5 * (xi[at] + xi[other]), oi = 0.5 * (xr[other] - xr[at]);
    spectrum[2 * k] = er + or * split_re[k] - oi * split_im[k];
    spectrum[2 * k + 1] = ei + or * split_im[k] + oi * split_re[k];
  }
}

// The first or second 256 of the 512 real numbers of a spectrum.
static void backward(const double *spectrum, int second, double *out) {
  double xr[BLOCK], xi[BLOCK];
  for (int k = 0; k < BLOCK; k++) {
    const int j = BLOCK - k;
    const double ar = spectrum[2 * k], ai = k ? spectrum[2 * k + 1] : 0.0;
    const double br = spectrum[2 * j], bi = k ? spectrum[2 * j + 1] : 0.0;
    const double er = 0.5 * (ar + br), ei = 0.5 * (ai - bi);
    const double hr = 0.5 * (ar - br), hi = 0.5 * (ai + bi);
    const double or = hr * split_re[k] + hi * split_im[k];      // times exp(2 pi i k / 512)
    const double oi = hi * split_re[k] - hr * split_im[k];
    xr[k] = er - oi;                                    // even + i odd, conjugated below
    xi[k] = -(ei + or);
  }
  transform(xr, xi);
  const int from = second ? BLOCK / 2 : 0;
  for (int k = 0; k < BLOCK / 2; k++) {
    const int at = place[k + from];
    out[2 * k] = xr[at] / BLOCK;
    out[2 * k + 1] = -xi[at] / BLOCK;
  }
}

void baby_cry_echo_step(double *weights, double *uncertainty, double *spectra, double *before,
                        double *noise, int64_t references, int64_t partitions, int64_t turn,
                        const double *microphone, const double *blocks, double caution,
                        double *echo) {
  static const double silence[BLOCK];
  const int64_t row = partitions * BINS;                // of a reference
  double sum[2 * BINS] = {0}, error[2 * BINS], scale[BINS], rest[BLOCK], path[BLOCK];
  for (int64_t r = 0; r < references; r++) {
    double *newest = spectra + 2 * r * row;
    memmove(newest + 2 * BINS, newest, sizeof(double) * 2 * BINS * (partitions - 1));
    forward(before + r * BLOCK, blocks + r * BLOCK, newest);
    memcpy(before + r * BLOCK, blocks + r * BLOCK, sizeof(double) * BLOCK);
  }
  for (int64_t p = 0; p < references * partitions; p++) {
    const double *x = spectra + 2 * p * BINS, *w = weights + 2 * p * BINS;
    for (int k = 0; k < BINS; k++) {
      sum[2 * k] += x[2 * k] * w[2 * k] - x[2 * k + 1] * w[2 * k + 1];
      sum[2 * k + 1] += x[2 * k] * w[2 * k + 1] + x[2 * k + 1] * w[2 * k];
    }
  }
  backward(sum, 1, echo);
  if (isinf(caution)) {
    return;
  }
  for (int k = 0; k < BLOCK; k++) {
    rest[k] = microphone[k] - echo[k];
  }
  forward(silence, rest, error);
  memset(scale, 0, sizeof scale);
  for (int64_t p = 0; p < references * partitions; p++) {
    const double *x = spectra + 2 * p * BINS, *u = uncertainty + p * BINS;
    for (int k = 0; k < BINS; k++) {
      scale[k] += (x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1]) * u[k];
    }
  }
  for (int k = 0; k < BINS; k++) {
    const double power = error[2 * k] * error[2 * k] + error[2 * k + 1] * error[2 * k + 1];
    noise[k] = noise[k] * NOISE_MEMORY + (1.0 - NOISE_MEMORY) * power;
    scale[k] = 1.0 / (0.5 * scale[k] + caution * noise[k] + TINY);
  }
  for (int64_t p = 0; p < references * partitions; p++) {
    const double *restrict x = spectra + 2 * p * BINS;
    double *restrict w = weights + 2 * p * BINS, *restrict u = uncertainty + p * BINS;
    for (int k = 0; k < BINS; k++) {
      const double xr = x[2 * k], xi = x[2 * k + 1], gain = u[k] * scale[k];
      const double re = (w[2 * k] + gain * (xr * error[2 * k] + xi * error[2 * k + 1]))
                        * TRANSITION;
      const double im = (w[2 * k + 1] + gain * (xr * error[2 * k + 1] - xi * error[2 * k]))
                        * TRANSITION;
      w[2 * k] = re;
      w[2 * k + 1] = im;
      u[k] = u[k] * (1.0 - 0.5 * gain * (xr * xr + xi * xi)) * (TRANSITION * TRANSITION)
             + (1.0 - TRANSITION * TRANSITION) * (re * re + im * im);
    }
  }
  const int64_t others = partitions - DIRECT_PARTITIONS;
  for (int64_t r = 0; r < references; r++) {
    for (int i = 0; i < DIRECT_PARTITIONS + SHORTENED; i++) {
      const int64_t p = i < DIRECT_PARTITIONS
                            ? i : DIRECT_PARTITIONS + (turn + i - DIRECT_PARTITIONS) % others;
      double *w = weights + 2 * (r * row + p * BINS);
      backward(w, 0, path);
      forward(path, silence, w);
    }
  }
}
