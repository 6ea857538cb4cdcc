// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>

void spectral_shape_reset(SpectralShape *stage) { stage->has_previous = 0; }

double spectral_shape_step(SpectralShape *stage, const double *power, double result[5]) {
  double share[BINS], root[BINS], logs[BINS];
  double total = 0.0, crossings = 0.0, centroid = 0.0, entropy = 0.0, below = 0.0, flux = 0.0;
  int rolloff = -1, sounded = 0;
  for (int k = stage->first; k < stage->stop; k++)
    total += power[k];
  const double divisor = total > 0 ? total : 1.0;
  for (int k = stage->first; k < stage->stop; k++) {
    share[k] = power[k] / divisor;
    root[k] = sqrt(share[k]);
    logs[k] = share[k] + 1e-12;
  }
  logarithms(logs + stage->first, stage->stop - stage->first);
  for (int k = stage->first; k < stage->stop; k++) {
    crossings += share[k] * stage->crossings[k];
    centroid += share[k] * stage->frequency[k];
    entropy += share[k] * logs[k];
    below += share[k];
    if (rolloff < 0 && below >= stage->rolloff)
      rolloff = k;
  }
  for (int k = stage->first; k < stage->stop; k++) {
    const double before = stage->has_previous ? stage->previous[k] : root[k];
    const double step = root[k] - before;
    sounded |= before != 0;
    flux += step * step;
    stage->previous[k] = root[k];
  }
  stage->has_previous = 1;
  result[0] = sqrt(crossings);
  result[1] = centroid;
  result[2] = total > 0 ? stage->frequency[rolloff < 0 ? stage->first : rolloff] : 0.0;
  result[3] = entropy / -stage->largest;
  result[4] = total > 0 && sounded ? sqrt(flux) : 0.0;
  return total;
}
