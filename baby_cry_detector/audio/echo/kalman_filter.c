// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The step of kalman_filter.py on the same arrays: real parts, then imaginary parts.

#include "../fourier.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK POINTS
#define BINS (BLOCK + 1)
#define DIRECT_PARTITIONS 2
#define SHORTENED 2

static const double TRANSITION = 0.9998, NOISE_MEMORY = 0.8, TINY = 1e-12;
static const double USUAL_MEMORY = 0.95, ONSET_FROM = 10.0, ONSET_SPAN = 12.0,
                    ONSET_OPEN = 0.5, FAINT = 1e-9;

// Spectra (257 real and 257 imaginary parts) of n times 512 real numbers of two halves, n at most
// GROUP.
FOR_EACH_WIDTH
static void forward(int n, const double *const *first, const double *const *second,
                    double *const *real, double *const *imaginary) {
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
      real[i][k] = re[i];
      imaginary[i][k] = im[i];
    }
  }
}

// The first or second 256 of the 512 real numbers of n spectra.
FOR_EACH_WIDTH
static void backward(int n, const double *const *real, const double *const *imaginary, int second,
                     double *const *out) {
  const FourierTables *tables = &fourier_tables;
  Group xr[BLOCK], xi[BLOCK];
  for (int k = 0; k < BLOCK; k++) {
    const int j = BLOCK - k;
    Group ar, ai, br, bi;
    for (int i = 0; i < GROUP; i++) {
      const int from = i < n ? i : n - 1;
      ar[i] = real[from][k];
      ai[i] = k ? imaginary[from][k] : 0.0;
      br[i] = real[from][j];
      bi[i] = k ? imaginary[from][j] : 0.0;
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

// The paths of n partitions are shortened to a block again, at once; n at most GROUP.
static void shorten(int n, double *const *real, double *const *imaginary) {
  static const double silence[BLOCK];
  double room[GROUP][BLOCK];
  const double *from_real[GROUP], *from_imaginary[GROUP], *path[GROUP], *silent[GROUP];
  double *out[GROUP];
  for (int i = 0; i < n; i++) {
    from_real[i] = real[i];
    from_imaginary[i] = imaginary[i];
    path[i] = out[i] = room[i];
    silent[i] = silence;
  }
  backward(n, from_real, from_imaginary, 0, out);
  forward(n, path, silent, real, imaginary);
}

// What a path adds to the echo of a block, and how uncertain that is; each of 257.
FOR_EACH_WIDTH
static void expect(const double *restrict xr, const double *restrict xi,
                   const double *restrict wr, const double *restrict wi,
                   const double *restrict u, double *restrict sum_re, double *restrict sum_im,
                   double *restrict spread) {
  for (int k = 0; k < BINS; k++) {
    sum_re[k] += xr[k] * wr[k] - xi[k] * wi[k];
    sum_im[k] += xr[k] * wi[k] + xi[k] * wr[k];
    spread[k] += (xr[k] * xr[k] + xi[k] * xi[k]) * u[k];
  }
}

// A partition's path goes towards what was heard, by how uncertain it was.
FOR_EACH_WIDTH
static void correct(const double *restrict xr, const double *restrict xi, double *restrict wr,
                    double *restrict wi, double *restrict u, const double *restrict error_re,
                    const double *restrict error_im, const double *restrict scale) {
  for (int k = 0; k < BINS; k++) {
    const double gain = u[k] * scale[k];
    const double re = (wr[k] + gain * (xr[k] * error_re[k] + xi[k] * error_im[k])) * TRANSITION;
    const double im = (wi[k] + gain * (xr[k] * error_im[k] - xi[k] * error_re[k])) * TRANSITION;
    wr[k] = re;
    wi[k] = im;
    u[k] = u[k] * (1.0 - 0.5 * gain * (xr[k] * xr[k] + xi[k] * xi[k]))
           * (TRANSITION * TRANSITION)
           + (1.0 - TRANSITION * TRANSITION) * (re * re + im * im);
  }
}

// How far each frequency begins to sound, 0 to 1.
static void begins(int64_t references, const double *loudness, double *usual, double *onset) {
  for (int k = 0; k < BINS; k++) {
    double sum = 0.0;
    for (int64_t r = 0; r < references; r++) {
      sum += loudness[r * BINS + k];
    }
    const double begun = (sum / (usual[k] + FAINT) - ONSET_FROM) / ONSET_SPAN;
    onset[k] = begun < 0.0 ? 0.0 : begun > 1.0 ? 1.0 : begun;
    usual[k] += (1.0 - USUAL_MEMORY) * (sum - usual[k]);
  }
}

// No frequency of a path is taken for surer than its share (`shares`, or else `share` for all) of
// its partition's mean power.
FOR_EACH_WIDTH
static void open_path(const double *restrict re, const double *restrict im, double *restrict u,
                      const double *restrict shares, double share) {
  double power = 0.0;
  for (int k = 0; k < BINS; k++) {
    power += re[k] * re[k] + im[k] * im[k];
  }
  for (int k = 0; k < BINS; k++) {
    const double least = (shares ? share * shares[k] : share) * power / BINS;
    u[k] = u[k] > least ? u[k] : least;
  }
}

// What all paths give of the newest block, `BLOCK` samples.
FOR_EACH_WIDTH
static void echo_of(const double *weights, const double *spectra, int64_t references,
                    int64_t partitions, int64_t slot, double *echo) {
  const int64_t row = partitions * BINS, plane = references * row;
  double sum_re[BINS] = {0}, sum_im[BINS] = {0};
  for (int64_t r = 0; r < references; r++) {
    for (int64_t p = 0; p < partitions; p++) {
      const double *xr = spectra + r * row + (slot + p) % partitions * BINS, *xi = xr + plane;
      const double *wr = weights + r * row + p * BINS, *wi = wr + plane;
      for (int k = 0; k < BINS; k++) {
        sum_re[k] += xr[k] * wr[k] - xi[k] * wi[k];
        sum_im[k] += xr[k] * wi[k] + xi[k] * wr[k];
      }
    }
  }
  const double *from = sum_re, *to = sum_im;
  backward(1, &from, &to, 1, &echo);
}

// `state`: the slot of the newest spectrum, and which partitions are shortened next. `loudness`: of
// the newest block of each reference, in frequency. `echo`: as it was expected; `learned`: by what
// the path is after it. `share`: of the power that the uncertain path may add.
void baby_cry_echo_step(double *weights, double *uncertainty, double *spectra, double *before,
                        double *noise, double *loudness, double *usual, int64_t *state,
                        int64_t references, int64_t partitions, const double *microphone,
                        const double *blocks, double caution, double share, double *echo,
                        double *learned) {
  static const double silence[BLOCK];
  const int64_t row = partitions * BINS, plane = references * row;      // of a reference; of all
  double sum_re[BINS] = {0}, sum_im[BINS] = {0}, scale[BINS] = {0}, rest[BLOCK];
  double error_re[BINS], error_im[BINS], onset[BINS];
  const double *from = before, *to = silence;
  double *re = error_re, *im = error_im;
  const int64_t slot = state[0] = (state[0] + partitions - 1) % partitions;
  for (int64_t r = 0; r < references; r++) {
    re = spectra + r * row + slot * BINS;
    im = re + plane;
    from = before + r * BLOCK;
    to = blocks + r * BLOCK;
    forward(1, &from, &to, &re, &im);
    memcpy(before + r * BLOCK, blocks + r * BLOCK, sizeof(double) * BLOCK);
    for (int k = 0; k < BINS; k++)
      loudness[r * BINS + k] = re[k] * re[k] + im[k] * im[k];
  }
  if (!isinf(caution)) {
    begins(references, loudness, usual, onset);
    for (int64_t p = 0; p < references * partitions; p++) {
      const double *w = weights + p * BINS;
      open_path(w, w + plane, uncertainty + p * BINS, onset, ONSET_OPEN / caution);
    }
  }
  for (int64_t r = 0; r < references; r++) {
    for (int64_t p = 0; p < partitions; p++) {
      const double *x = spectra + r * row + (slot + p) % partitions * BINS;
      const double *w = weights + r * row + p * BINS;
      expect(x, x + plane, w, w + plane, uncertainty + r * row + p * BINS, sum_re, sum_im, scale);
    }
  }
  from = sum_re;
  to = sum_im;
  backward(1, &from, &to, 1, &echo);
  if (isinf(caution)) {
    memcpy(learned, echo, sizeof(double) * BLOCK);
    return;
  }
  for (int k = 0; k < BLOCK; k++) {
    rest[k] = microphone[k] - echo[k];
  }
  from = silence;
  to = rest;
  re = error_re;
  im = error_im;
  forward(1, &from, &to, &re, &im);
  for (int k = 0; k < BINS; k++) {
    const double power = error_re[k] * error_re[k] + error_im[k] * error_im[k];
    noise[k] = noise[k] * NOISE_MEMORY + (1.0 - NOISE_MEMORY) * power;
    scale[k] = 1.0 / (share * scale[k] + caution * noise[k] + TINY);
  }
  const int64_t others = partitions - DIRECT_PARTITIONS, turn = state[1];
  for (int64_t r = 0; r < references; r++) {
    for (int64_t p = 0; p < partitions; p++) {
      const double *x = spectra + r * row + (slot + p) % partitions * BINS;
      double *w = weights + r * row + p * BINS;
      correct(x, x + plane, w, w + plane, uncertainty + r * row + p * BINS, error_re, error_im,
              scale);
    }
    double *real[DIRECT_PARTITIONS + SHORTENED], *imaginary[DIRECT_PARTITIONS + SHORTENED];
    for (int i = 0; i < DIRECT_PARTITIONS + SHORTENED; i++) {
      const int64_t p = i < DIRECT_PARTITIONS
                            ? i : DIRECT_PARTITIONS + (turn + i - DIRECT_PARTITIONS) % others;
      real[i] = weights + r * row + p * BINS;
      imaginary[i] = real[i] + plane;
    }
    shorten(DIRECT_PARTITIONS + SHORTENED, real, imaginary);
  }
  state[1] = (turn + SHORTENED) % others;
  echo_of(weights, spectra, references, partitions, slot, learned);
}

// See `KalmanFilter.keep_open`.
void baby_cry_echo_keep_open(const double *weights, double *uncertainty, int64_t references,
                             int64_t partitions, double share) {
  const int64_t rows = references * partitions;
  for (int64_t p = 0; p < rows; p++) {
    const double *w = weights + p * BINS;
    open_path(w, w + rows * BINS, uncertainty + p * BINS, 0, share);
  }
}

// `count` values of a reference at `place`, `place + step` and so on, between its samples: for each
// phase of `phases` + 1 a row of `taps` weights, between rows straight lines. `samples` begin at
// the first that is needed.
FOR_EACH_WIDTH
void baby_cry_echo_read(const double *samples, const double *table, int64_t taps, int64_t phases,
                        double place, double step, int64_t count, double *out) {
  for (int64_t n = 0; n < count; n++) {
    const double at = place + step * n, whole = floor(at), phase = (at - whole) * phases;
    const int64_t first = (int64_t)whole, row = (int64_t)phase;
    const double part = phase - row;
    const double *one = table + row * taps, *other = one + taps, *x = samples + first;
    Group low = {0}, high = {0};
    for (int64_t i = 0; i < taps; i += GROUP) {
      Group around, weight;
      memcpy(&around, x + i, sizeof around);
      memcpy(&weight, one + i, sizeof weight);
      low += weight * around;
      memcpy(&weight, other + i, sizeof weight);
      high += weight * around;
    }
    out[n] = (1.0 - part) * (low[0] + low[1] + low[2] + low[3])
             + part * (high[0] + high[1] + high[2] + high[3]);
  }
}
