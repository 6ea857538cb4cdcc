// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The step of kalman_filter.py on the same arrays; complex numbers are pairs of doubles.

#include "../fourier.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK POINTS
#define BINS (BLOCK + 1)
#define DIRECT_PARTITIONS 2
#define SHORTENED 3

static const double TRANSITION = 0.9998, NOISE_MEMORY = 0.8, TINY = 1e-12;

// Spectra (257 complex) of n times 512 real numbers of two halves, n at most GROUP.
static void forward(int n, const double *const *first, const double *const *second,
                    double *const *spectrum) {
  const FourierTables *tables = &fourier_tables;
  Group xr[BLOCK], xi[BLOCK];
  for (int k = 0; k < BLOCK / 2; k++)
    for (int i = 0; i < GROUP; i++) {
      const int from = i < n ? i : n - 1;       // a lane without work does the last one's again
      xr[k][i] = first[from][2 * k];
      xi[k][i] = first[from][2 * k + 1];
      xr[k + BLOCK / 2][i] = second[from][2 * k];
      xi[k + BLOCK / 2][i] = second[from][2 * k + 1];
    }
  fourier(xr, xi);
  for (int k = 0; k < BINS; k++) {
    const int at = tables->place[k & (BLOCK - 1)];
    const int other = tables->place[(BLOCK - k) & (BLOCK - 1)];
    const Group er = 0.5 * (xr[at] + xr[other]), ei = 0.5 * (xi[at] - xi[other]);
    const Group or = 0.5 * (xi[at] + xi[other]), oi = 0.5 * (xr[other] - xr[at]);
    const Group re = er + or * tables->split_re[k] - oi * tables->split_im[k];
    const Group im = ei + or * tables->split_im[k] + oi * tables->split_re[k];
    for (int i = 0; i < n; i++) {
      spectrum[i][2 * k] = re[i];
      spectrum[i][2 * k + 1] = im[i];
    }
  }
}

// The first or second 256 of the 512 real numbers of n spectra.
static void backward(int n, const double *const *spectrum, int second, double *const *out) {
  const FourierTables *tables = &fourier_tables;
  Group xr[BLOCK], xi[BLOCK];
  for (int k = 0; k < BLOCK; k++) {
    const int j = BLOCK - k;
    Group ar, ai, br, bi;
    for (int i = 0; i < GROUP; i++) {
      const double *from = spectrum[i < n ? i : n - 1];
      ar[i] = from[2 * k];
      ai[i] = k ? from[2 * k + 1] : 0.0;
      br[i] = from[2 * j];
      bi[i] = k ? from[2 * j + 1] : 0.0;
    }
    const Group er = 0.5 * (ar + br), ei = 0.5 * (ai - bi);
    const Group hr = 0.5 * (ar - br), hi = 0.5 * (ai + bi);
    // Times exp(2 pi i k / 512).
    const Group or = hr * tables->split_re[k] + hi * tables->split_im[k];
    const Group oi = hi * tables->split_re[k] - hr * tables->split_im[k];
    xr[k] = er - oi;                                    // even + i odd, conjugated below
    xi[k] = -(ei + or);
  }
  fourier(xr, xi);
  const int from = second ? BLOCK / 2 : 0;
  for (int k = 0; k < BLOCK / 2; k++) {
    const int at = tables->place[k + from];
    for (int i = 0; i < n; i++) {
      out[i][2 * k] = xr[at][i] / BLOCK;
      out[i][2 * k + 1] = -xi[at][i] / BLOCK;
    }
  }
}

// The paths of some partitions are shortened to a block again, several at once.
static void shorten(double *const *weights, int count) {
  static const double silence[BLOCK];
  double room[GROUP][BLOCK];
  for (int first = 0; first < count; first += GROUP) {
    const int n = count - first < GROUP ? count - first : GROUP;
    const double *spectrum[GROUP], *path[GROUP], *silent[GROUP];
    double *out[GROUP];
    for (int i = 0; i < n; i++) {
      spectrum[i] = weights[first + i];
      path[i] = out[i] = room[i];
      silent[i] = silence;
    }
    backward(n, spectrum, 0, out);
    forward(n, path, silent, weights + first);
  }
}

void baby_cry_echo_step(double *weights, double *uncertainty, double *spectra, double *before,
                        double *noise, int64_t references, int64_t partitions, int64_t turn,
                        const double *microphone, const double *blocks, double caution,
                        double *echo) {
  static const double silence[BLOCK];
  const int64_t row = partitions * BINS;                // of a reference
  double sum[2 * BINS] = {0}, error[2 * BINS], scale[BINS], rest[BLOCK];
  const double *from = before, *to = silence;
  double *into = error;
  for (int64_t r = 0; r < references; r++) {
    double *newest = spectra + 2 * r * row;
    memmove(newest + 2 * BINS, newest, sizeof(double) * 2 * BINS * (partitions - 1));
    from = before + r * BLOCK;
    to = blocks + r * BLOCK;
    forward(1, &from, &to, &newest);
    memcpy(before + r * BLOCK, blocks + r * BLOCK, sizeof(double) * BLOCK);
  }
  for (int64_t p = 0; p < references * partitions; p++) {
    const double *x = spectra + 2 * p * BINS, *w = weights + 2 * p * BINS;
    for (int k = 0; k < BINS; k++) {
      sum[2 * k] += x[2 * k] * w[2 * k] - x[2 * k + 1] * w[2 * k + 1];
      sum[2 * k + 1] += x[2 * k] * w[2 * k + 1] + x[2 * k + 1] * w[2 * k];
    }
  }
  from = sum;
  backward(1, &from, 1, &echo);
  if (isinf(caution)) {
    return;
  }
  for (int k = 0; k < BLOCK; k++) {
    rest[k] = microphone[k] - echo[k];
  }
  from = silence;
  to = rest;
  forward(1, &from, &to, &into);
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
    double *shortened[DIRECT_PARTITIONS + SHORTENED];
    for (int i = 0; i < DIRECT_PARTITIONS + SHORTENED; i++) {
      const int64_t p = i < DIRECT_PARTITIONS
                            ? i : DIRECT_PARTITIONS + (turn + i - DIRECT_PARTITIONS) % others;
      shortened[i] = weights + 2 * (r * row + p * BINS);
    }
    shorten(shortened, DIRECT_PARTITIONS + SHORTENED);
  }
}
