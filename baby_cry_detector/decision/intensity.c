// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What intensity is made of; parts and their reasons as in intensity.py.

#include "decider.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_BLOCKS 4
#define PERCENTILE 0.3
#define SHORTEST_PERIOD 6
#define LONGEST_PERIOD 20
#define DETREND 21
#define DEVIATION_DB 10.0
#define MIN_RHYTHM_CELLS 40

static void append(double *values, int64_t *n, int64_t most, double value) {
  if (*n == most)
    memmove(values, values + 1, sizeof(double) * (size_t)--*n);
  values[(*n)++] = value;
}

void intensity_gap(Decider *d) {
  d->n_new = d->n_cells = d->n_heard = d->next_heard = d->heard_count = 0;
  d->cry_power = NAN;
  d->cell_power = d->block_power = d->regularity = 0.0;
  d->block_quietest = INFINITY;
  d->cell_steps = d->block_steps = d->block_has_cry = 0;
}

static int64_t mirrored(int64_t place, int64_t n) {
  return place < 0 ? -place : place >= n ? 2 * (n - 1) - place : place;
}

static double rhythm_strength(const double *power, int64_t n) {
  double level_db[MAX_CELLS], deviation[MAX_CELLS];
  double least = INFINITY, mean = 0.0, energy = 0.0, strongest = 0.0;
  for (int64_t k = 0; k < n; k++)
    if (power[k] > 0 && power[k] < least)
      least = power[k];
  if (n < MIN_RHYTHM_CELLS || !isfinite(least))
    return 0.0;
  for (int64_t k = 0; k < n; k++)
    level_db[k] = 10.0 * log10(power[k] > least ? power[k] : least);
  for (int64_t k = 0; k < n; k++) {
    double around = 0.0;
    for (int64_t j = k - DETREND / 2; j <= k + DETREND / 2; j++)
      around += level_db[mirrored(j, n)] * (1.0 / DETREND);
    const double value = level_db[k] - around;
    deviation[k] = value < -DEVIATION_DB ? -DEVIATION_DB
        : value > DEVIATION_DB ? DEVIATION_DB : value;
    mean += deviation[k];
  }
  mean /= (double)n;
  for (int64_t k = 0; k < n; k++) {
    deviation[k] -= mean;
    energy += deviation[k] * deviation[k];
  }
  if (energy < 1e-6 * (double)n)
    return 0.0;
  for (int64_t lag = SHORTEST_PERIOD; lag <= LONGEST_PERIOD; lag++) {
    double sum = 0.0;
    for (int64_t k = lag; k < n; k++)
      sum += deviation[k] * deviation[k - lag];
    sum = sum / energy * (double)n / (double)(n - lag);
    strongest = sum > strongest ? sum : strongest;
  }
  return strongest < 1.0 ? strongest : 1.0;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile(const double *values, int64_t n) {
  double sorted[MAX_BLOCKS];
  memcpy(sorted, values, sizeof(double) * (size_t)n);
  qsort(sorted, (size_t)n, sizeof(double), by_size);
  const double place = PERCENTILE * (double)(n - 1), part = place - floor(place);
  const int64_t low = (int64_t)place, high = low + 1 < n ? low + 1 : n - 1;
  const double step = sorted[high] - sorted[low];
  return part >= 0.5 ? sorted[high] - step * (1.0 - part) : sorted[low] + step * part;
}

static void end_block(Decider *d) {
  const double power = d->block_power / (double)d->block_steps, quietest = d->block_quietest;
  const int64_t has_cry = d->block_has_cry;
  d->block_power = 0.0;
  d->block_steps = d->block_has_cry = 0;
  d->block_quietest = INFINITY;
  d->regularity = rhythm_strength(d->cell, d->n_cells);
  if (!(power > 0))             // digital silence is a muted microphone, not a quiet room
    return;
  const double level_db = 10.0 * log10(power), quiet_db = 10.0 * log10(quietest);
  const double quietest_db = quiet_db < level_db ? quiet_db : level_db;
  if (!has_cry) {
    d->new_level[d->n_new] = level_db;
    d->new_quietest[d->n_new++] = quietest_db;
    if (d->n_new > DELAY_BLOCKS) {
      append(d->block, &d->n_blocks, d->max_blocks, d->new_level[0]);
      d->n_new--;
      memmove(d->new_level, d->new_level + 1, sizeof(double) * (size_t)d->n_new);
      memmove(d->new_quietest, d->new_quietest + 1, sizeof(double) * (size_t)d->n_new);
    }
  } else {
    for (int64_t k = 0; k < d->n_new; k++)
      append(d->cry_block, &d->n_cry_blocks, d->max_blocks, d->new_quietest[k]);
    append(d->cry_block, &d->n_cry_blocks, d->max_blocks, quietest_db);
    d->n_new = 0;
    if (d->n_blocks && level_db < d->background_db)
      append(d->block, &d->n_blocks, d->max_blocks, level_db);
  }
  if (d->n_blocks)
    d->background_db = percentile(d->block, d->n_blocks);
  else if (d->n_cry_blocks)
    d->background_db = percentile(d->cry_block, d->n_cry_blocks);
}

void intensity_step(Decider *d, double level, double voicing) {
  if (d->n_heard == d->share_length)
    d->heard_count -= d->heard[d->next_heard];
  else
    d->n_heard++;
  d->heard[d->next_heard] = (uint8_t)d->hearing;
  d->next_heard = (d->next_heard + 1) % d->share_length;
  d->heard_count += d->hearing;
  if (d->hearing && voicing >= 0.0 && voicing <= 1.0) {
    if (isnan(d->voicing))
      d->voicing = voicing;
    d->voicing += d->forget_cry * (voicing - d->voicing);
  }
  if (!(level >= 0.0 && level < 1e6))
    return;
  const double power = level * level;
  if (d->hearing) {
    if (isnan(d->cry_power))
      d->cry_power = power;
    d->cry_power += d->forget_cry * (power - d->cry_power);
  }
  d->cell_power += power;
  if (++d->cell_steps == d->steps_per_cell) {
    const double cell = d->cell_power / (double)d->cell_steps;
    append(d->cell, &d->n_cells, d->max_cells, cell);
    if (cell > 0 && cell < d->block_quietest)
      d->block_quietest = cell;
    d->cell_power = 0.0;
    d->cell_steps = 0;
  }
  d->block_power += power;
  d->block_has_cry |= d->hearing || d->crying;
  if (++d->block_steps == d->steps_per_block)
    end_block(d);
}
