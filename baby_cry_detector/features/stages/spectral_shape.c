// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <string.h>

void spectral_shape_reset(SpectralShape *stage) { stage->has_previous = 0; }

FOR_EACH_WIDTH
void spectral_shape_step(SpectralShape *stage, const Group *power, const Group *magnitude, int n,
                         Group result[6]) {
  Group share[BINS], logs[BINS];
  // Of each bin the root of the share in the frame before, then in these.
  double root[BINS][1 + GROUP];
  Group total = {0.0}, more = {0.0}, crossings = {0.0}, centroid = {0.0}, entropy = {0.0},
        below = {0.0}, flux = {0.0}, one = {0.0};
  GroupMask short_of = {0}, sounded = {0};
  const int first = stage->first, stop = stage->stop;
  one += 1.0;
  int k = first;
  for (; k + 1 < stop; k += 2) {
    total += power[k];
    more += power[k + 1];
  }
  if (k < stop)
    total += power[k];
  total += more;
  const GroupMask sounds = total > 0.0;
  Group divisor = CHOOSE(sounds, total, one), norm = divisor;
  square_roots(&norm, 1);
  norm = 1.0 / norm;
  for (k = first; k < stop; k++) {
    const Group part = magnitude[k] * norm;
    share[k] = part * part;
    logs[k] = share[k] + 1e-12;
    memcpy(root[k] + 1, &part, sizeof part);
  }
  logarithms((double *)(logs + first), GROUP * (stop - first));
  for (k = first; k < stop; k++) {
    crossings += share[k] * stage->crossings[k];
    centroid += share[k] * stage->frequency[k];
    entropy += share[k] * logs[k];
    below += share[k];
    short_of += below < stage->rolloff;                 // a lane of a mask is 0 or -1
  }
  for (k = first; k < stop; k++) {
    Group now, before;
    root[k][0] = stage->has_previous ? stage->previous[k] : root[k][1];
    stage->previous[k] = root[k][n];
    memcpy(&now, root[k] + 1, sizeof now);
    memcpy(&before, root[k], sizeof before);
    const Group step = now - before;
    sounded |= before != 0.0;
    flux += step * step;
  }
  stage->has_previous = 1;
  square_roots(&crossings, 1);
  square_roots(&flux, 1);
  result[0] = crossings;
  result[1] = centroid;
  for (int lane = 0; lane < GROUP; lane++) {
    const int bin = first - (int)short_of[lane];
    result[2][lane] = sounds[lane] ? stage->frequency[bin < stop ? bin : first] : 0.0;
    result[4][lane] = sounds[lane] && sounded[lane] ? flux[lane] : 0.0;
  }
  result[3] = entropy / -stage->largest;
  result[5] = total;
}
