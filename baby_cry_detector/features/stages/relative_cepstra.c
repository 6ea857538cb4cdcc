// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#define TINY 1e-200             // a mean below it is silence, and must not become denormal

void relative_cepstra_reset(RelativeCepstra *stage) {
  for (int b = 0; b < MAX_BANDS; b++)
    stage->mean[b] = 0.0;
  stage->weight = 0.0;
}

void relative_cepstra_step(RelativeCepstra *stage, const double *energy, double *coefficients) {
  const double decay = stage->decay, gain = 1.0 - stage->decay;
  double logs[MAX_BANDS];
  stage->weight = stage->weight * decay + gain;
  for (int b = 0; b < stage->cepstrum->bands; b++) {
    const double kept = stage->mean[b] * decay + energy[b] * gain;
    const double mean = kept / stage->weight, floor = mean * stage->dip + stage->floor;
    stage->mean[b] = kept < TINY ? 0.0 : kept;
    logs[b] = (floor + energy[b]) / (mean + floor);
  }
  logarithms(logs, stage->cepstrum->bands);
  cepstrum_apply(stage->cepstrum, logs, coefficients);
}
