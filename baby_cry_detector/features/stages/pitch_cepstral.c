// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>

// What the first quarter of both transforms says of one frame: voicing and pitch in Hz.
static double find_pitch(const CepstralPitch *stage, Group *correlation, Group *cepstrum, int lane,
                         double *pitch) {
  const int lags = FFT / 2, first = stage->first_lag;
  double peak = correlation[lags - 1][lane], top = cepstrum[first + 1][lane], sum = 0.0;
  for (int n = first; n < lags; n++)
    if (correlation[n][lane] > correlation[n - 1][lane] && correlation[n][lane] > peak)
      peak = correlation[n][lane];
  const double voicing = correlation[0][lane] > 0 ? peak / correlation[0][lane] : 0.0;
  *pitch = 0.0;
  if (!(voicing >= stage->threshold))
    return voicing;
  for (int n = 0; n < lags; n++)
    sum += fabs(cepstrum[n][lane]);
  for (int n = first + 1; n < lags; n++)
    top = cepstrum[n][lane] > top ? cepstrum[n][lane] : top;
  const double threshold = stage->factor * (top + sum / lags);
  for (int n = first + 2; n < lags - 1; n++)
    if (cepstrum[n][lane] > threshold && cepstrum[n][lane] > cepstrum[n - 1][lane]
        && cepstrum[n][lane] > cepstrum[n + 1][lane]) {
      *pitch = 1.0 / (n * stage->period);
      return voicing;
    }
  return voicing;
}

FOR_EACH_WIDTH
void cepstral_pitch_step(const CepstralPitch *stage, const Group *power, Group result[2]) {
  Group even[2][BINS], both[2][MAX_LAGS];
  const Group zero = {0.0};
  // log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: what the rounding lost comes back.
  for (int k = 0; k < BINS; k++) {
    even[0][k] = power[k];
    even[1][k] = 1.0 + power[k];
  }
  logarithms((double *)even[1], GROUP * BINS);
  for (int k = 0; k < BINS; k++) {
    const Group rounded = 1.0 + power[k] - 1.0;
    const GroupMask is_seen = rounded > 0.0;
    even[1][k] = CHOOSE(is_seen, even[1][k] * power[k] / CHOOSE(is_seen, rounded, zero + 1.0),
                        power[k]);
  }
  spectrum_even_pair(even, both);
  for (int n = 0; n < FFT / 2; n++) {
    both[0][n] = CHOOSE(both[0][n] < 0.0, -both[0][n], both[0][n]);
    both[1][n] *= 2.0 / FFT;
  }
  for (int lane = 0; lane < GROUP; lane++) {
    double pitch;
    result[0][lane] = find_pitch(stage, both[0], both[1], lane, &pitch);
    result[1][lane] = pitch;
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
