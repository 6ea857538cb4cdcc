// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What the steps in this folder are in compiled code: plain structs, one per stream, which hold
// their state and copies of the tables that Python computed. Nothing is allocated here. Each step
// takes one frame and says in its name which Python file it follows; equations are there.

#ifndef BABY_CRY_STAGES_H
#define BABY_CRY_STAGES_H

#include <stdint.h>

// The same source for every width of registers; more lanes give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__) && !defined(ONE_WIDTH)
#define FOR_EACH_WIDTH __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_WIDTH
#endif

#define WINDOW 400              // samples of a window, 25 ms
#define HOP 160                 // samples between frames
#define FFT 512
#define BINS (FFT / 2 + 1)
#define MAX_BANDS 40
#define MAX_COEFFICIENTS 20
#define MAX_LAGS 256
#define MAX_ROW 24              // descriptors that are smoothed together

// --- spectrum.c ------------------------------------------------------------------------------
// Fills the tables that all streams share; once, before anything else.
void spectrum_prepare(void);
// |X|^2 of bins 0 .. bins - 1 of a windowed frame.
void spectrum_power(const double windowed[WINDOW], int bins, double *power);
// Cosine transform f[0 .. 512] -> F[n] = (f[0] + (-1)^n f[512]) / 2 + sum f[k] cos(pi k n / 512),
// n < lags; f is 0 outside first .. stop - 1, which lies within 1 .. 511.
void spectrum_even(const double *f, int first, int stop, int lags, double *result);
// The same of two sequences f[0 .. 256] at once, n < 256.
void spectrum_even_pair(double f[2][BINS], double result[2][MAX_LAGS]);

// --- mel.py: banks and cepstra as sparse and dense products ------------------------------------
typedef struct {
  int bands, first[MAX_BANDS], stop[MAX_BANDS];
  double weight[MAX_BANDS][BINS];
} MelBank;
// weights: (BINS, bands), row by row.
void mel_bank_set(MelBank *bank, const double *weights, int bands);
void mel_bank_apply(const MelBank *bank, const double *spectrum, double *energy);

typedef struct {
  int bands, coefficients;
  double matrix[MAX_BANDS][MAX_COEFFICIENTS];
} Cepstrum;
void cepstrum_set(Cepstrum *cepstrum, const double *matrix, int bands, int coefficients);
void cepstrum_apply(const Cepstrum *cepstrum, const double *log_bands, double *coefficients);

// --- relative_cepstra.c ------------------------------------------------------------------------
typedef struct {
  double decay, dip, floor;
  Cepstrum cepstrum;
  double mean[MAX_BANDS], weight;
} RelativeCepstra;
void relative_cepstra_reset(RelativeCepstra *stage);
void relative_cepstra_step(RelativeCepstra *stage, const double *energy, double *coefficients);

// --- spectral_shape.c --------------------------------------------------------------------------
typedef struct {
  int first, stop;              // bins
  double rolloff, largest;      // largest: log of the number of bins
  double frequency[BINS], crossings[BINS];
  double previous[BINS];        // root of the last frame's shares
  int has_previous;
} SpectralShape;
void spectral_shape_reset(SpectralShape *stage);
// zcr, centroid, roll-off, entropy, flux; returns the band's power.
double spectral_shape_step(SpectralShape *stage, const double *power, double result[5]);

// --- pitch_autocorrelation.c -------------------------------------------------------------------
typedef struct {
  int first_bin, stop_bin, first_lag, stop_lag;
  double rate, min_hz, max_hz;
  double scale[MAX_LAGS], cost[MAX_LAGS];
} AutocorrelationPitch;
// F0 in Hz, voicing, periodicity.
void autocorrelation_pitch_step(const AutocorrelationPitch *stage, const double *power,
                                double result[3]);

// --- pitch_cepstral.c --------------------------------------------------------------------------
typedef struct {
  int first_lag;
  double period, threshold, factor;
} CepstralPitch;
typedef struct {
  double last, before, mean;
  int edge;
} PitchContour;
// Voicing and raw pitch in Hz.
void cepstral_pitch_step(const CepstralPitch *stage, const double *power, double result[2]);
void pitch_contour_reset(PitchContour *stage);
double pitch_contour_step(PitchContour *stage, double pitch);

// --- phonation.c -------------------------------------------------------------------------------
#define MAX_RUN 32
typedef struct {
  double hyper_hz, share_decay, power_decay, loud_ratio, slope_limit, hop_s;
  int longest;
  double power, power_weight, share[3], share_weight, run[MAX_RUN];
  int run_length;
} Phonation;
void phonation_reset(Phonation *stage);
void phonation_step(Phonation *stage, double hertz, double power, double result[4]);

// --- smoothing.c -------------------------------------------------------------------------------
// The newest rows of a stream: row 0 is replicated to the left, by pushing again to the right.
typedef struct {
  int width, left, right;
  int64_t count;
  double row[5][MAX_ROW];       // oldest first; left + 1 + right of them
} Neighbourhood;
void neighbourhood_set(Neighbourhood *rows, int width, int left, int right);
// Takes a row; returns whether the row `right` before it has all its neighbours.
int neighbourhood_push(Neighbourhood *rows, const double *row);

// Median of one column over three rows, mean over three, then deltas over five.
typedef struct {
  int width, voiced;            // voiced: the column in which 0 is 'nothing there', or -1
  Neighbourhood mean, delta;
  double last[MAX_ROW];
} SmoothWithDelta;
void smooth_set(SmoothWithDelta *stage, int width, int voiced);
void smooth_reset(SmoothWithDelta *stage);
// Take a row; write (smoothed, deltas) of the row three before it and return 1, or return 0.
int smooth_step(SmoothWithDelta *stage, const double *row, double *result);
// The n-th row still owed at the end, n = 0, 1, 2: return 1, or 0 where the stream was shorter.
int smooth_finish(SmoothWithDelta *stage, int n, double *result);

// Natural logarithms of positive, normal numbers, in place.
void logarithms(double *values, int count);

double root_mean_square(const double *values, int count);
double zero_crossing_rate(const double samples[WINDOW]);

#endif
