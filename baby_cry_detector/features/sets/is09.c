// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "sets.h"

#include <math.h>
#include <string.h>

enum { RMS = 0, MFCC = 1, ZCR = 13, VOICING = 14, F0 = 15, WIDTH = 16 };

int is09_set(Is09 *set, const Is09Tables *tables, Is09Shared *shared) {
  if (tables->bands < 1 || tables->bands > MAX_BANDS || tables->coefficients != ZCR - MFCC
      || tables->first_lag < 1 || tables->first_lag + 3 >= FFT / 2)
    return 0;
  for (int i = 0; i < WINDOW; i++) {
    shared->window[i] = tables->window[i];
    shared->previous[i] = -tables->preemphasis * tables->window[i];
  }
  // The first sample of a frame stands for the one before it.
  shared->window[0] = (1.0 - tables->preemphasis) * tables->window[0];
  if (!mel_bank_set(&shared->bank, tables->bank, tables->bands))
    return 0;
  cepstrum_set(&shared->cepstrum, tables->cepstrum, tables->bands, tables->coefficients);
  set->shared = shared;
  shared->floor = tables->floor;
  shared->pitch.first_lag = tables->first_lag;
  shared->pitch.period = tables->period;
  shared->pitch.threshold = tables->voicing_threshold;
  shared->pitch.factor = tables->peak_factor;
  smooth_set(&set->smooth, WIDTH, -1);
  return 1;
}

void is09_reset(Is09 *set) {
  pitch_contour_reset(&set->contour);
  smooth_reset(&set->smooth);
}

// Everything of a frame but its pitch's contour and the smoothing.
FOR_EACH_WIDTH
static void describe(const Is09Shared *set, const double *samples, int n, Group row[MAX_ROW]) {
  Group frames[WINDOW], windowed[WINDOW], power[BINS], magnitude[BINS], logs[MAX_BANDS], pitch[2];
  const int bands = set->bank.bands;
  const Group floor = {set->floor, set->floor, set->floor, set->floor};
  group_frames(samples, n, frames);
  windowed[0] = frames[0] * set->window[0];
  for (int i = 1; i < WINDOW; i++)
    windowed[i] = frames[i] * set->window[i] + frames[i - 1] * set->previous[i];
  spectrum_power(windowed, BINS, power);
  for (int k = 0; k < BINS; k++)
    magnitude[k] = power[k];
  square_roots(magnitude, BINS);
  mel_bank_apply(&set->bank, magnitude, logs);
  for (int b = 0; b < bands; b++)
    logs[b] = CHOOSE(logs[b] > floor, logs[b], floor);
  logarithms((double *)logs, GROUP * bands);
  root_mean_square(windowed, row + RMS);
  for (int i = 0; i < set->cepstrum.coefficients; i++) {
    Group coefficient = {0.0};
    for (int b = 0; b < bands; b++)
      coefficient += logs[b] * set->cepstrum.matrix[b][i];
    row[MFCC + i] = coefficient;
  }
  cepstral_pitch_step(&set->pitch, power, pitch);
  row[VOICING] = pitch[0];
  row[F0] = pitch[1];
}

int is09_steps(Is09 *set, const double *samples, int n, double *rows) {
  Group raw[MAX_ROW];
  int count = 0;
  describe(set->shared, samples, n, raw);
  for (int lane = 0; lane < n; lane++) {
    double row[MAX_ROW] = {0.0};
    for (int i = 0; i < WIDTH; i++)
      row[i] = i == ZCR ? zero_crossing_rate(samples + lane * HOP) : raw[i][lane];
    row[F0] = pitch_contour_step(&set->contour, row[F0]);
    count += smooth_step(&set->smooth, row, rows + count * 2 * WIDTH);
  }
  return count;
}
