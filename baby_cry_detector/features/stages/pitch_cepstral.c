// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>

void cepstral_pitch_step(const CepstralPitch *stage, const double *power, double result[2]) {
  double even[2][BINS], both[2][MAX_LAGS];
  const int lags = FFT / 2, first = stage->first_lag;
  // log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: what the rounding lost comes back.
  for (int k = 0; k < BINS; k++) {
    even[0][k] = power[k];
    even[1][k] = 1.0 + power[k];
  }
  logarithms(even[1], BINS);
  for (int k = 0; k < BINS; k++) {
    const double rounded = 1.0 + power[k] - 1.0;
    even[1][k] = rounded > 0 ? even[1][k] * power[k] / rounded : power[k];
  }
  spectrum_even_pair(even, both);
  double *correlation = both[0], *cepstrum = both[1];
  for (int n = 0; n < lags; n++) {
    correlation[n] = fabs(correlation[n]);
    cepstrum[n] *= 2.0 / FFT;
  }
  double peak = correlation[lags - 1];
  for (int n = first; n < lags; n++)
    if (correlation[n] > correlation[n - 1] && correlation[n] > peak)
      peak = correlation[n];
  result[0] = correlation[0] > 0 ? peak / correlation[0] : 0.0;

  double top = cepstrum[first + 1], sum = 0.0;
  for (int n = 0; n < lags; n++)
    sum += fabs(cepstrum[n]);
  for (int n = first + 1; n < lags; n++)
    top = cepstrum[n] > top ? cepstrum[n] : top;
  const double threshold = stage->factor * (top + sum / lags);
  result[1] = 0.0;
  if (!(result[0] >= stage->threshold))
    return;
  for (int n = first + 2; n < lags - 1; n++)
    if (cepstrum[n] > threshold && cepstrum[n] > cepstrum[n - 1]
        && cepstrum[n] > cepstrum[n + 1]) {
      result[1] = 1.0 / (n * stage->period);
      return;
    }
}

void pitch_contour_reset(PitchContour *stage) {
  stage->last = stage->before = stage->mean = 0.0;
  stage->edge = 0;
}

double pitch_contour_step(PitchContour *stage, double value) {
  double last = stage->last, before = stage->before;
  if (last == 0 && value > 0) {
    stage->edge = 1;
  } else if (last > 0 && value == 0) {
    if (stage->edge == 0)
      stage->edge = -1;
  } else {
    stage->edge = 0;
  }
  if (value == 0) {
    if (stage->edge == 1)
      last = 0.0;
  } else {
    if (stage->mean == 0)
      stage->mean = value;
    const double candidate = value, mean = stage->mean;
    double weight = 0.3;
    if (!(0.6 * mean < value && value < 1.4 * mean)) {
      value = mean;
      weight = 0.1;
    }
    if (stage->edge != 0 && last > value)
      last *= 0.85;
    if (stage->edge == -1)
      last = value;
    stage->mean = (1.0 - weight) * mean + weight * candidate;
  }
  const double result = last != 0 && before != 0 ? 0.5 * (last + before) : last;
  stage->before = last;
  stage->last = value;
  return result;
}
