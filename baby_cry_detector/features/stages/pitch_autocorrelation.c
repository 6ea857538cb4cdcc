// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>

#define PI 3.14159265358979323846
#define UPSAMPLING 2

static double share(double value, int found) {
  return !found || !(value > 0) ? 0.0 : value < 1 ? value : 1.0;
}

// sum of power[k] cos(2 pi k period / FFT): the angle is turned on, two bins at a time.
FOR_EACH_WIDTH
static void repetition(const AutocorrelationPitch *stage, const Group *power, const double *period,
                       Group *result) {
  Group re[2], im[2], turn_re, turn_im, sum[2] = {{0.0}, {0.0}};
  for (int lane = 0; lane < GROUP; lane++) {
    const double angle = 2.0 * PI * period[lane] / FFT;
    const double one_re = cos(angle), one_im = sin(angle);
    re[0][lane] = cos(angle * stage->first_bin);
    im[0][lane] = sin(angle * stage->first_bin);
    re[1][lane] = re[0][lane] * one_re - im[0][lane] * one_im;
    im[1][lane] = re[0][lane] * one_im + im[0][lane] * one_re;
    turn_re[lane] = one_re * one_re - one_im * one_im;
    turn_im[lane] = 2.0 * one_re * one_im;
  }
  for (int k = stage->first_bin; k < stage->stop_bin; k += 2)
    for (int odd = 0; odd < 2 && k + odd < stage->stop_bin; odd++) {
      sum[odd] += power[k + odd] * re[odd];
      const Group next = re[odd] * turn_re - im[odd] * turn_im;
      im[odd] = re[odd] * turn_im + im[odd] * turn_re;
      re[odd] = next;
    }
  *result = sum[0] + sum[1];
}

// The lag of the best peak, as a number, and its value less its cost; below -8 there is none.
FOR_EACH_WIDTH
static void find_peak(const AutocorrelationPitch *stage, Group *lag, Group *best, Group *highest) {
  const Group energy = lag[0], one = {1.0, 1.0, 1.0, 1.0};
  const Group inverse = 1.0 / CHOOSE(energy > 0.0, energy, one);
  Group at = {0.0};
  *best = at + stage->first_lag;
  *highest = at - 9.0;
  for (int n = 0; n <= stage->stop_lag; n++)
    lag[n] *= stage->scale[n] * inverse;
  for (int n = stage->first_lag; n < stage->stop_lag; n++) {
    const Group value = lag[n] - stage->cost[n - stage->first_lag];
    const GroupMask better = (lag[n] > lag[n - 1]) & (lag[n] >= lag[n + 1]) & (value > *highest);
    *highest = CHOOSE(better, value, *highest);
    *best = CHOOSE(better, at + n, *best);
  }
}

FOR_EACH_WIDTH
void autocorrelation_pitch_step(const AutocorrelationPitch *stage, const Group *power,
                                const Group *magnitude, Group result[3]) {
  Group squeezed[BINS], lag[MAX_LAGS], total = {0.0}, best, highest, repeated;
  double period[GROUP], scale[GROUP];
  const int first = stage->first_bin, stop = stage->stop_bin;
  for (int k = first; k < stop; k++)
    squeezed[k] = magnitude[k];
  square_roots(squeezed + first, stop - first);
  for (int k = first; k < stop; k++) {
    squeezed[k] *= magnitude[k];
    total += power[k];
  }
  spectrum_even(squeezed, first, stop, stage->stop_lag + 1, lag);
  find_peak(stage, lag, &best, &highest);
  for (int lane = 0; lane < GROUP; lane++) {
    const int found = highest[lane] > -8.0, n = (int)best[lane];
    const double top = lag[n][lane], before = lag[n - 1][lane], after = lag[n + 1][lane];
    const double bend = before - 2.0 * top + after;
    const double shift = found ? 0.5 * (before - after) / (bend < 0 ? bend : 1.0) : 0.0;
    period[lane] = (n + shift) / UPSAMPLING;
    const double hertz = stage->rate / UPSAMPLING / period[lane];
    result[0][lane] = !found ? 0.0 : hertz < stage->min_hz ? stage->min_hz
        : hertz > stage->max_hz ? stage->max_hz : hertz;
    result[1][lane] = share(top, found);

    double place = period[lane] * UPSAMPLING;
    place = place < 0 ? 0 : place > stage->stop_lag ? stage->stop_lag : place;
    const int below = place >= stage->stop_lag ? stage->stop_lag - 1 : (int)place;
    scale[lane] = stage->scale[below]
        + (stage->scale[below + 1] - stage->scale[below]) * (place - below);
  }
  repetition(stage, power, period, &repeated);
  for (int lane = 0; lane < GROUP; lane++)
    result[2][lane] = share(repeated[lane] * scale[lane] / (total[lane] > 0 ? total[lane] : 1.0),
                            highest[lane] > -8.0);
}
