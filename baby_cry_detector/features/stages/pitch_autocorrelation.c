// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>

#define PI 3.14159265358979323846
#define UPSAMPLING 2

static double share(double value, int found) {
  return !found || !(value > 0) ? 0.0 : value < 1 ? value : 1.0;
}

// sum of power[k] cos(2 pi k period / FFT): the angle is turned on from bin to bin.
static double repetition(const AutocorrelationPitch *stage, const double *power, double period) {
  const double angle = 2.0 * PI * period / FFT;
  const double turn_re = cos(angle), turn_im = sin(angle);
  double re = cos(angle * stage->first_bin), im = sin(angle * stage->first_bin), sum = 0.0;
  for (int k = stage->first_bin; k < stage->stop_bin; k++) {
    sum += power[k] * re;
    const double next = re * turn_re - im * turn_im;
    im = re * turn_im + im * turn_re;
    re = next;
  }
  return sum;
}

void autocorrelation_pitch_step(const AutocorrelationPitch *stage, const double *power,
                                double result[3]) {
  double squeezed[BINS], lag[MAX_LAGS];
  double total = 0.0, highest = -9.0;
  int best = stage->first_lag, found = 0;
  for (int k = stage->first_bin; k < stage->stop_bin; k++) {
    const double magnitude = sqrt(power[k]);
    squeezed[k] = magnitude * sqrt(magnitude);
    total += power[k];
  }
  spectrum_even(squeezed, stage->first_bin, stage->stop_bin, stage->stop_lag + 1, lag);
  const double energy = lag[0] > 0 ? lag[0] : 1.0;
  for (int n = 0; n <= stage->stop_lag; n++)
    lag[n] = lag[n] * stage->scale[n] / energy;
  for (int n = stage->first_lag; n < stage->stop_lag; n++) {
    const double value = lag[n] - stage->cost[n - stage->first_lag];
    if (lag[n] > lag[n - 1] && lag[n] >= lag[n + 1] && value > highest) {
      highest = value;
      best = n;
      found = 1;
    }
  }
  const double top = lag[best], bend = lag[best - 1] - 2.0 * top + lag[best + 1];
  const double shift = found ? 0.5 * (lag[best - 1] - lag[best + 1]) / (bend < 0 ? bend : 1.0)
                             : 0.0;
  const double period = (best + shift) / UPSAMPLING;
  const double hertz = stage->rate / UPSAMPLING / period;
  result[0] = !found ? 0.0 : hertz < stage->min_hz ? stage->min_hz
      : hertz > stage->max_hz ? stage->max_hz : hertz;
  result[1] = share(top, found);

  double place = period * UPSAMPLING;
  place = place < 0 ? 0 : place > stage->stop_lag ? stage->stop_lag : place;
  const int below = place >= stage->stop_lag ? stage->stop_lag - 1 : (int)place;
  const double scale = stage->scale[below]
      + (stage->scale[below + 1] - stage->scale[below]) * (place - below);
  result[2] = found ? share(repetition(stage, power, period) * scale
                            / (total > 0 ? total : 1.0), found) : 0.0;
}
