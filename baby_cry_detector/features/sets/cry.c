// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "sets.h"

#include <math.h>
#include <string.h>

enum { RMS = 0, MFCC = 1, SHAPE = 13, HNR = 18, VOICING = 19, F0 = 20, POWER = 21 };

int cry_set(Cry *set, const CryTables *tables, CryShared *shared) {
  if (!cepstra20_set(&set->cepstra, &tables->cepstra, &shared->cepstra)
      || tables->n_mfcc != SHAPE - MFCC
      || tables->first_bin < 1 || tables->stop_bin <= tables->first_bin
      || tables->stop_bin >= BINS || tables->first_lag < 1
      || tables->stop_lag <= tables->first_lag || tables->stop_lag + 1 > MAX_LAGS
      || tables->slope_frames < 3 || tables->slope_frames > MAX_RUN)
    return 0;
  set->shared = shared;
  cepstrum_set(&shared->mfcc, tables->mfcc, tables->cepstra.bands, tables->n_mfcc);
  shared->mfcc_dip = tables->mfcc_dip;
  shared->mfcc_floor = tables->mfcc_floor;
  shared->voicing_threshold = tables->voicing_threshold;
  shared->least = tables->least;
  shared->most = tables->most;
  SpectralShape *shape = &set->shape;
  shape->first = tables->first_bin;
  shape->stop = tables->stop_bin;
  shape->rolloff = tables->rolloff;
  shape->largest = log(tables->stop_bin - tables->first_bin);
  for (int k = shape->first; k < shape->stop; k++) {
    shared->frequency[k] = k * (tables->sample_rate / FFT);
    const double crossings = 2.0 * shared->frequency[k] / tables->sample_rate;
    shared->crossings[k] = crossings * crossings;
  }
  shape->frequency = shared->frequency;
  shape->crossings = shared->crossings;
  AutocorrelationPitch *pitch = &shared->pitch;
  pitch->first_bin = tables->first_bin;
  pitch->stop_bin = tables->stop_bin;
  pitch->first_lag = tables->first_lag;
  pitch->stop_lag = tables->stop_lag;
  pitch->rate = tables->rate;
  pitch->min_hz = tables->min_hz;
  pitch->max_hz = tables->max_hz;
  memcpy(pitch->scale, tables->lag_scale, sizeof(double) * (size_t)(tables->stop_lag + 1));
  memcpy(pitch->cost, tables->lag_cost,
         sizeof(double) * (size_t)(tables->stop_lag - tables->first_lag));
  Phonation *phonation = &set->phonation;
  phonation->hyper_hz = tables->hyper_hz;
  phonation->share_decay = tables->share_decay;
  phonation->power_decay = tables->power_decay;
  phonation->loud_ratio = tables->loud_ratio;
  phonation->slope_limit = tables->slope_limit;
  phonation->hop_s = tables->hop_s;
  phonation->longest = tables->slope_frames;
  smooth_set(&set->smooth, CRY_SMOOTHED, F0);
  return 1;
}

void cry_reset(Cry *set) {
  cepstra20_reset(&set->cepstra);
  spectral_shape_reset(&set->shape);
  phonation_reset(&set->phonation);
  neighbourhood_set(&set->median, POWER + 1, 1, 1);
  smooth_reset(&set->smooth);
  set->frame = set->emitted = set->described = 0;
}

// Unsmoothed descriptors and the band's power; the energies of the cepstra's bands.
FOR_EACH_WIDTH
static void describe(Cry *set, const CryShared *shared, const double *samples, int n,
                     Group row[MAX_ROW], Group energy[MAX_BANDS]) {
  Group windowed[WINDOW], power[BINS], magnitude[BINS], logs[MAX_BANDS], pitch[3];
  Group sum = {0.0}, level = {0.0};
  const int bands = shared->mfcc.bands, first = set->shape.first, stop = set->shape.stop;
  const int bins = shared->cepstra.bank.stop[bands - 1] > stop
      ? shared->cepstra.bank.stop[bands - 1] : stop;
  group_frames(samples, n, windowed);
  root_mean_square(windowed, &level);
  row[RMS] = level;
  for (int i = 0; i < WINDOW; i++)
    windowed[i] *= shared->cepstra.window[i];
  spectrum_power(windowed, bins, power);
  for (int k = first; k < stop; k++)
    magnitude[k] = power[k];
  square_roots(magnitude + first, stop - first);
  mel_bank_apply(&shared->cepstra.bank, power, energy);
  for (int b = 0; b < bands; b++)
    sum += energy[b];
  const Group least = sum * shared->mfcc_dip + shared->mfcc_floor;
  for (int b = 0; b < bands; b++)
    logs[b] = CHOOSE(energy[b] > least, energy[b], least);
  logarithms((double *)logs, GROUP * bands);
  for (int i = 0; i < shared->mfcc.coefficients; i++) {
    Group coefficient = {0.0};
    for (int b = 0; b < bands; b++)
      coefficient += logs[b] * shared->mfcc.matrix[b][i];
    row[MFCC + i] = coefficient;
  }
  spectral_shape_step(&set->shape, power, magnitude, n, row + SHAPE);
  row[POWER] = row[SHAPE + 5];
  autocorrelation_pitch_step(&shared->pitch, power, magnitude, pitch);
  row[VOICING] = pitch[1];
  for (int lane = 0; lane < GROUP; lane++) {
    const double periodic = pitch[2][lane] < shared->least ? shared->least
        : pitch[2][lane] > shared->most ? shared->most : pitch[2][lane];
    row[HNR][lane] = 10.0 * log10(periodic / (1.0 - periodic));
    row[F0][lane] = pitch[1][lane] >= shared->voicing_threshold ? pitch[0][lane] : 0.0;
  }
}

static double median_of_column(const Neighbourhood *rows, int column) {
  const double a = neighbour(rows, 0)[column], b = neighbour(rows, 1)[column],
               c = neighbour(rows, 2)[column];
  const double low = a < c ? a : c, high = a < c ? c : a;
  return b < low ? low : b > high ? high : b;
}

static int emit(Cry *set, const double *smooth, double *row) {
  const int count = 2 * set->shared->cepstra.cepstrum.coefficients;
  memcpy(row, set->cepstra_row[set->emitted % 8], sizeof(double) * (size_t)count);
  memcpy(row + count, smooth, sizeof(double) * 2 * CRY_SMOOTHED);
  memcpy(row + count + 2 * CRY_SMOOTHED, set->phonation_row[set->emitted % 8],
         sizeof set->phonation_row[0]);
  set->emitted++;
  return 1;
}

// A row whose F0 has been smoothed by the median: phonation now, the rest when smoothed.
static int after_median(Cry *set, double *row) {
  double here[MAX_ROW], smooth[2 * MAX_ROW];
  memcpy(here, neighbour(&set->median, 1), sizeof here);
  here[F0] = median_of_column(&set->median, F0);
  phonation_step(&set->phonation, here[F0], here[POWER],
                 set->phonation_row[set->described++ % 8]);
  return smooth_step(&set->smooth, here, smooth) && emit(set, smooth, row);
}

int cry_steps(Cry *set, const double *samples, int n, double *rows) {
  Group raw[MAX_ROW], energy[MAX_BANDS];
  const int width = 2 * set->shared->cepstra.cepstrum.coefficients + 2 * CRY_SMOOTHED + 4;
  int count = 0;
  describe(set, set->shared, samples, n, raw, energy);
  for (int lane = 0; lane < n; lane++) {
    double own[MAX_BANDS], row[MAX_ROW] = {0.0};
    for (int b = 0; b < set->shared->mfcc.bands; b++)
      own[b] = energy[b][lane];
    for (int i = 0; i <= POWER; i++)
      row[i] = raw[i][lane];
    cepstra20_row(&set->cepstra, own, set->cepstra_row[set->frame % 8]);
    set->frame++;
    if (neighbourhood_push(&set->median, row))
      count += after_median(set, rows + count * width);
  }
  return count;
}

int cry_finish(Cry *set, int n, double *row) {
  double smooth[2 * MAX_ROW], last[MAX_ROW];
  if (!set->frame)
    return 0;
  if (!n) {
    memcpy(last, neighbour(&set->median, 2), sizeof last);
    neighbourhood_push(&set->median, last);
    return after_median(set, row);
  }
  return smooth_finish(&set->smooth, n - 1, smooth) && emit(set, smooth, row);
}
