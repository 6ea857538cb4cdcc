// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The feature sets of shipped detectors in compiled code. Tables are those that the Python set of
// the same name computed (`features/compiled.py`); `_set` copies them to what all streams of a set
// share, which must outlive them.

#ifndef BABY_CRY_SETS_H
#define BABY_CRY_SETS_H

#include "../stages/stages.h"

// --- cepstra20.c -------------------------------------------------------------------------------
typedef struct {
  const double *window, *bank, *cepstrum;       // (400,), (257, bands), (bands, coefficients)
  double decay, dip, floor;
  int32_t bands, coefficients, lag;
} CepstraTables;
#define MAX_LAG 8
typedef struct {
  double window[WINDOW];
  MelBank bank;
  Cepstrum cepstrum;
} Cepstra20Shared;
typedef struct {
  const Cepstra20Shared *shared;
  RelativeCepstra cepstra;
  int lag;
  int64_t frame;
  double recent[MAX_LAG][MAX_COEFFICIENTS];     // cepstra of frame n in row n % MAX_LAG
} Cepstra20;
int cepstra20_set(Cepstra20 *set, const CepstraTables *tables, Cepstra20Shared *shared);
void cepstra20_reset(Cepstra20 *set);
// Write the row of band energies: cepstra, then their differences.
void cepstra20_row(Cepstra20 *set, const double *energy, double *row);
// Each `_steps` takes n frames, 1 to GROUP, HOP samples apart; writes the rows that they complete
// and returns how many.
int cepstra20_steps(Cepstra20 *set, const double *samples, int n, double *rows);

// --- cry.c -------------------------------------------------------------------------------------
typedef struct {
  CepstraTables cepstra;
  const double *mfcc, *lag_scale, *lag_cost;    // (bands, n_mfcc), (stop_lag + 1,), (lags,)
  double mfcc_dip, mfcc_floor, rolloff, rate, min_hz, max_hz, voicing_threshold, least, most;
  double hyper_hz, share_decay, power_decay, loud_ratio, slope_limit, hop_s, sample_rate;
  int32_t n_mfcc, first_bin, stop_bin, first_lag, stop_lag, slope_frames;
} CryTables;
#define CRY_DELAY 4
#define CRY_SMOOTHED 21
typedef struct {
  Cepstra20Shared cepstra;
  Cepstrum mfcc;
  AutocorrelationPitch pitch;
  double frequency[BINS], crossings[BINS];
  double mfcc_dip, mfcc_floor, voicing_threshold, least, most;
} CryShared;
typedef struct {
  const CryShared *shared;
  Cepstra20 cepstra;
  SpectralShape shape;
  Phonation phonation;
  Neighbourhood median;
  SmoothWithDelta smooth;
  int64_t frame, emitted, described;            // frames in, rows out, rows with phonation
  double cepstra_row[8][2 * MAX_COEFFICIENTS];  // of frame n in row n % 8
  double phonation_row[8][4];
} Cry;
int cry_set(Cry *set, const CryTables *tables, CryShared *shared);
void cry_reset(Cry *set);
int cry_steps(Cry *set, const double *samples, int n, double *rows);
int cry_finish(Cry *set, int n, double *row);

// --- is09.c ------------------------------------------------------------------------------------
typedef struct {
  const double *window, *bank, *cepstrum;       // (400,), (257, bands), (bands, coefficients)
  double preemphasis, floor, period, voicing_threshold, peak_factor;
  int32_t bands, coefficients, first_lag;
} Is09Tables;
typedef struct {
  double window[WINDOW], previous[WINDOW];      // previous: times the sample before
  MelBank bank;
  double floor;
  Cepstrum cepstrum;
  CepstralPitch pitch;
} Is09Shared;
typedef struct {
  const Is09Shared *shared;
  PitchContour contour;
  SmoothWithDelta smooth;
} Is09;
int is09_set(Is09 *set, const Is09Tables *tables, Is09Shared *shared);
void is09_reset(Is09 *set);
int is09_steps(Is09 *set, const double *samples, int n, double *rows);

#endif
