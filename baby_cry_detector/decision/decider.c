// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The steps of decider.py over a block.

#include "decider.h"

#include <math.h>
#include <string.h>

#define MAX_STEP_JUMP_NS 250000000LL
#define STATUS_OK 0
// Differences of stamps within it fit into 64 bits: 1897 to 2043.
#define MOST_NS (INT64_C(1) << 61)

int64_t baby_cry_decider_size(void) { return (int64_t)sizeof(Decider); }

void baby_cry_decider_gap(Decider *d) {
  d->n_recent = 0;
  d->hearing = 0;
  intensity_gap(d);
  d->probability = 0.0;
  d->level_power = NAN;
}

static void step(Decider *d, int64_t time_ns, double probability, double level, double voicing,
                 const double *needs) {
  if (d->has_last_step) {
    const int64_t jump_ns = time_ns - d->last_step_ns - d->step_ns;
    if (jump_ns > MAX_STEP_JUMP_NS || jump_ns < -MAX_STEP_JUMP_NS) {
      d->gaps++;
      baby_cry_decider_gap(d);
    }
  }
  d->has_last_step = 1;
  d->last_step_ns = d->stamp_ns = time_ns;
  d->status = STATUS_OK;
  d->invalid_steps += isnan(probability);
  probability = probability >= 1.0 ? 1.0 : probability > 0.0 ? probability : 0.0;
  d->probability = smoothing_step(d, probability);
  const int64_t before = episodes_current(d);
  episodes_step(d, time_ns, d->probability);
  if (episodes_current(d) != before && d->hearing) {
    d->weight = 0.0;
    memset(d->ratio, 0, sizeof d->ratio);
    d->cry_power = d->voicing = NAN;
  }
  if (d->hearing && needs)
    need_step(d, needs, probability);
  if (level >= 0.0 && level < INFINITY) {
    if (isnan(d->level_power))
      d->level_power = level * level;
    d->level_power += d->forget_level * (level * level - d->level_power);
  }
  intensity_step(d, level, voicing);
  need_answer(d);
  d->changed = d->status != d->said_status || d->crying != d->said_crying
      || d->need != d->said_need || d->count != d->said_count;
  d->said_status = d->status;
  d->said_crying = d->crying;
  d->said_need = d->need;
  d->said_count = d->count;
}

// Takes steps until one changes what is believed, or its stamp is not within period_ns after
// told_ns (period_ns below 0: any stamp is), or n are taken; returns how many were. level, voicing and needs (n, n_needs) may be
// NULL; d->changed says whether the last one changed something. Returns 0 at a stamp that is out
// of range.
int64_t baby_cry_decider_run(Decider *d, int64_t n, const int64_t *times_ns, const double *cry,
                             const double *needs, const double *level, const double *voicing,
                             int64_t told_ns, int64_t period_ns) {
  for (int64_t k = 0; k < n; k++) {
    if (times_ns[k] > MOST_NS || times_ns[k] < -MOST_NS)
      return 0;
    step(d, times_ns[k], cry[k], level ? level[k] : NAN, voicing ? voicing[k] : NAN,
         needs ? needs + k * d->n_needs : NULL);
    const int64_t since_ns = times_ns[k] - told_ns;     // told_ns was within the range too
    if (d->changed || (period_ns >= 0 && (since_ns < 0 || since_ns >= period_ns)))
      return k + 1;
  }
  return n;
}
