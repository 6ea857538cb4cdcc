// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "sets.h"

#include <string.h>

int cepstra20_set(Cepstra20 *set, const CepstraTables *tables, Cepstra20Shared *shared) {
  if (tables->bands < 1 || tables->bands > MAX_BANDS || tables->coefficients < 1
      || tables->coefficients > MAX_COEFFICIENTS || tables->lag < 0 || tables->lag >= MAX_LAG)
    return 0;
  memcpy(shared->window, tables->window, sizeof shared->window);
  if (!mel_bank_set(&shared->bank, tables->bank, tables->bands))
    return 0;
  cepstrum_set(&shared->cepstrum, tables->cepstrum, tables->bands, tables->coefficients);
  set->shared = shared;
  set->cepstra.cepstrum = &shared->cepstrum;
  set->cepstra.decay = tables->decay;
  set->cepstra.dip = tables->dip;
  set->cepstra.floor = tables->floor;
  set->lag = tables->lag;
  return 1;
}

void cepstra20_reset(Cepstra20 *set) {
  relative_cepstra_reset(&set->cepstra);
  set->frame = 0;
}

void cepstra20_row(Cepstra20 *set, const double *energy, double *row) {
  const int count = set->shared->cepstrum.coefficients;
  const int64_t before = set->frame < set->lag ? 0 : set->frame - set->lag;
  double *now = set->recent[set->frame % MAX_LAG];
  relative_cepstra_step(&set->cepstra, energy, now);
  const double *then = set->recent[before % MAX_LAG];
  for (int i = 0; i < count; i++) {
    row[i] = now[i];
    row[count + i] = now[i] - then[i];
  }
  set->frame++;
}

int cepstra20_steps(Cepstra20 *set, const double *samples, int n, double *rows) {
  Group windowed[WINDOW], power[BINS], energy[MAX_BANDS];
  const Cepstra20Shared *shared = set->shared;
  const int bands = shared->bank.bands, width = 2 * shared->cepstrum.coefficients;
  group_frames(samples, n, windowed);
  for (int i = 0; i < WINDOW; i++)
    windowed[i] *= shared->window[i];
  spectrum_power(windowed, BINS, power);
  mel_bank_apply(&shared->bank, power, energy);
  for (int lane = 0; lane < n; lane++) {
    double own[MAX_BANDS];
    for (int b = 0; b < bands; b++)
      own[b] = energy[b][lane];
    cepstra20_row(set, own, rows + lane * width);
  }
  return n;
}
