// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>
#include <string.h>

#define TINY 1e-200

void phonation_reset(Phonation *stage) {
  stage->power = stage->power_weight = stage->share_weight = 0.0;
  stage->share[0] = stage->share[1] = stage->share[2] = 0.0;
  stage->run_length = 0;
}

static double slope(Phonation *stage, double hertz) {
  if (hertz == 0) {
    stage->run_length = 0;
    return 0.0;
  }
  if (stage->run_length == stage->longest)
    memmove(stage->run, stage->run + 1, sizeof(double) * (size_t)--stage->run_length);
  stage->run[stage->run_length++] = log2(hertz);
  const int length = stage->run_length;
  if (length < 3)
    return 0.0;
  double square = 0.0, sum = 0.0;
  for (int i = 0; i < length; i++) {
    const double centred = i - (length - 1) / 2.0;
    square += centred * centred;
  }
  for (int i = 0; i < length; i++)
    sum += (i - (length - 1) / 2.0) * stage->run[i];
  sum /= square * stage->hop_s;
  return sum < -stage->slope_limit ? -stage->slope_limit
      : sum > stage->slope_limit ? stage->slope_limit : sum;
}

void phonation_step(Phonation *stage, double hertz, double power, double result[4]) {
  result[0] = slope(stage, hertz);
  const double decay = stage->power_decay, fade = stage->share_decay;
  stage->power = stage->power * decay + (1.0 - decay) * power;
  stage->power_weight = stage->power_weight * decay + (1.0 - decay);
  if (stage->power < TINY)
    stage->power = 0.0;
  const int loud = power * stage->power_weight > stage->loud_ratio * stage->power;
  const int mode = hertz == 0 ? 2 : hertz >= stage->hyper_hz ? 1 : 0;
  stage->share_weight = stage->share_weight * fade + (1.0 - fade);
  for (int n = 0; n < 3; n++) {
    stage->share[n] = stage->share[n] * fade + (loud && n == mode ? 1.0 - fade : 0.0);
    if (!(stage->share[n] > TINY))
      stage->share[n] = 0.0;
    result[1 + n] = stage->share[n] / stage->share_weight;
  }
}
