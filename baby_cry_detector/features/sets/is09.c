// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "sets.h"

#include <math.h>
#include <string.h>

enum { RMS = 0, MFCC = 1, ZCR = 13, VOICING = 14, F0 = 15, WIDTH = 16 };

int is09_set(Is09 *set, const Is09Tables *tables) {
  if (tables->bands < 1 || tables->bands > MAX_BANDS || tables->coefficients != ZCR - MFCC
      || tables->first_lag < 1 || tables->first_lag + 3 >= FFT / 2)
    return 0;
  for (int i = 0; i < WINDOW; i++) {
    set->window[i] = tables->window[i];
    set->previous[i] = -tables->preemphasis * tables->window[i];
  }
  // The first sample of a frame stands for the one before it.
  set->window[0] = (1.0 - tables->preemphasis) * tables->window[0];
  mel_bank_set(&set->bank, tables->bank, tables->bands);
  cepstrum_set(&set->cepstrum, tables->cepstrum, tables->bands, tables->coefficients);
  set->floor = tables->floor;
  set->pitch.first_lag = tables->first_lag;
  set->pitch.period = tables->period;
  set->pitch.threshold = tables->voicing_threshold;
  set->pitch.factor = tables->peak_factor;
  smooth_set(&set->smooth, WIDTH, -1);
  return 1;
}

void is09_reset(Is09 *set) {
  pitch_contour_reset(&set->contour);
  smooth_reset(&set->smooth);
}

int is09_step(Is09 *set, const double *samples, double *row) {
  double windowed[WINDOW], power[BINS], magnitude[BINS], logs[MAX_BANDS], pitch[2];
  double raw[MAX_ROW] = {0.0};
  windowed[0] = samples[0] * set->window[0];
  for (int i = 1; i < WINDOW; i++)
    windowed[i] = samples[i] * set->window[i] + samples[i - 1] * set->previous[i];
  spectrum_power(windowed, BINS, power);
  for (int k = 0; k < BINS; k++)
    magnitude[k] = sqrt(power[k]);
  mel_bank_apply(&set->bank, magnitude, logs);
  for (int b = 0; b < set->bank.bands; b++)
    logs[b] = logs[b] > set->floor ? logs[b] : set->floor;
  logarithms(logs, set->bank.bands);
  raw[RMS] = root_mean_square(windowed, WINDOW);
  cepstrum_apply(&set->cepstrum, logs, raw + MFCC);
  raw[ZCR] = zero_crossing_rate(samples);
  cepstral_pitch_step(&set->pitch, power, pitch);
  raw[VOICING] = pitch[0];
  raw[F0] = pitch_contour_step(&set->contour, pitch[1]);
  return smooth_step(&set->smooth, raw, row);
}
