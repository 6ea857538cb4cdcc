// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What the steps in this folder are in compiled code: plain structs, one per stream, which hold
// their state and point to tables that all streams share. Nothing is allocated here. Each step
// says in its name which Python file it follows; equations are there. What depends on one frame
// alone is done for four frames at a time, one in each lane of a register; what follows frames in
// time takes one after the other. So blocks of any size give the same bits.

#ifndef BABY_CRY_STAGES_H
#define BABY_CRY_STAGES_H

#include "../../audio/fourier.h"

#include <stdint.h>

// A comparison of groups is a mask: all bits of a lane or none.
#define CHOOSE(mask, a, b) \
  ((Group)(((GroupMask)(a) & (mask)) | ((GroupMask)(b) & ~(mask))))

#define WINDOW 400              // samples of a window, 25 ms
#define HOP 160                 // samples between frames
#define FFT 512
#define BINS (FFT / 2 + 1)
#define MAX_BANDS 40
#define MAX_COEFFICIENTS 20
#define MAX_LAGS 256
#define MAX_ROW 24              // descriptors that are smoothed together

// --- front_end.c: high_pass.py and hum.py, a hop at a time -------------------------------------
#define MAX_LINES 80
#define MAX_HARMONICS 40
#define GRIDS 2
typedef struct {
  // Of the high-pass, unrolled over GROUP samples: (4, 4), (4, 2), (4, 2), (2, 2), (2,).
  const double *within, *from_state, *to_state, *carry, *settled;
  const double *sample_turn, *turn, *number, *which;    // (lines,)
  double most_beside, least_step, first_steps, follow, silent;
  int32_t lines;
} FrontEndTables;
// What never changes, so that many streams share it. Waves are about the middle of a hop, so that
// one half of it is the mirror of the other.
typedef struct {
  double cosine[MAX_LINES][HOP / 2], sine[MAX_LINES][HOP / 2];
  double turn_re[MAX_LINES], turn_im[MAX_LINES];
  double within[GROUP][GROUP], from_state[2][GROUP];    // what each adds to GROUP samples
  double to_state[2][GROUP], carry[2][2], settled[2];
  double most_beside, least_step, first_steps, follow, silent;
  int lines, harmonics, which[MAX_LINES], number[MAX_LINES];    // harmonics: the highest, and one
} FrontEndShared;
typedef struct {
  const FrontEndShared *shared;
  int is_settled, owed;
  int64_t blocks;
  double state[2], re[MAX_LINES], im[MAX_LINES], beside[GRIDS];
  double waiting[HOP];          // samples of a hop that is not whole: `owed` of them
} FrontEnd;
// Fills what is shared, which must outlive the stage; 0 where the tables do not fit.
int front_end_set(FrontEnd *stage, const FrontEndTables *tables, FrontEndShared *shared);
void front_end_reset(FrontEnd *stage);
// Takes n samples and writes those of whole hops to `out`; returns how many.
int front_end_process(FrontEnd *stage, const double *samples, int n, double *out);
// Writes the samples still owed, less than a hop, and returns how many; the stream is over.
int front_end_flush(FrontEnd *stage, double *out);

// --- spectrum.c ------------------------------------------------------------------------------
// Fills the tables that all streams share; once, before anything else.
void spectrum_prepare(void);
// |X|^2 of bins 0 .. bins - 1 of windowed frames.
void spectrum_power(const Group windowed[WINDOW], int bins, Group *power);
// Cosine transform f[0 .. 256] -> F[n] = f[0] + (-1)^n f[256] / 2 + sum f[k] cos(pi k n / 512),
// n < lags; f is 0 outside first .. stop - 1, which lies within 1 .. 255.
void spectrum_even(const Group *f, int first, int stop, int lags, Group *result);
// Cosine transforms of two spectra f[0 .. 256] of 512 samples at once, n < 256.
void spectrum_even_pair(Group f[2][BINS], Group result[2][MAX_LAGS]);
// Square roots in place.
void square_roots(Group *values, int count);

// --- mel.py: banks and cepstra as sparse and dense products ------------------------------------
#define MAX_WEIGHTS (4 * BINS)          // triangles overlap by half: each bin lies in two of them
typedef struct {
  int bands, first[MAX_BANDS], stop[MAX_BANDS];
  int at[MAX_BANDS];                    // where in `all` the weights of bins first .. stop - 1 lie
  double all[MAX_WEIGHTS];
} MelBank;
// weights: (BINS, bands), row by row; 0 where there are too many that are not 0.
int mel_bank_set(MelBank *bank, const double *weights, int bands);
void mel_bank_apply(const MelBank *bank, const Group *spectrum, Group *energy);

typedef struct {
  int bands, coefficients;
  double matrix[MAX_BANDS][MAX_COEFFICIENTS];
} Cepstrum;
void cepstrum_set(Cepstrum *cepstrum, const double *matrix, int bands, int coefficients);
void cepstrum_apply(const Cepstrum *cepstrum, const double *log_bands, double *coefficients);

// --- relative_cepstra.c ------------------------------------------------------------------------
typedef struct {
  double decay, dip, floor;
  const Cepstrum *cepstrum;
  double mean[MAX_BANDS], weight;
} RelativeCepstra;
void relative_cepstra_reset(RelativeCepstra *stage);
void relative_cepstra_step(RelativeCepstra *stage, const double *energy, double *coefficients);

// --- spectral_shape.c --------------------------------------------------------------------------
typedef struct {
  int first, stop;              // bins
  double rolloff, largest;      // largest: log of the number of bins
  const double *frequency, *crossings;  // (BINS,)
  double previous[BINS];        // root of the last frame's shares
  int has_previous;
} SpectralShape;
void spectral_shape_reset(SpectralShape *stage);
// zcr, centroid, roll-off, entropy, flux, and the band's power, of n frames; magnitude is the root
// of power.
void spectral_shape_step(SpectralShape *stage, const Group *power, const Group *magnitude, int n,
                         Group result[6]);

// --- pitch_autocorrelation.c -------------------------------------------------------------------
typedef struct {
  int first_bin, stop_bin, first_lag, stop_lag;
  double rate, min_hz, max_hz;
  double scale[MAX_LAGS], cost[MAX_LAGS];
} AutocorrelationPitch;
// F0 in Hz, voicing, periodicity.
void autocorrelation_pitch_step(const AutocorrelationPitch *stage, const Group *power,
                                const Group *magnitude, Group result[3]);

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
void cepstral_pitch_step(const CepstralPitch *stage, const Group *power, Group result[2]);
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
  int width, left, right, oldest;
  int64_t count;
  double row[5][MAX_ROW];       // left + 1 + right of them, in turn
} Neighbourhood;
// The n-th row, oldest first.
static inline const double *neighbour(const Neighbourhood *rows, int n) {
  const int at = rows->oldest + n, length = rows->left + 1 + rows->right;
  return rows->row[at < length ? at : at - length];
}
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

// Lays four frames, HOP samples apart, beside each other; where there are only n, the last again.
void group_frames(const double *samples, int n, Group frames[WINDOW]);
void root_mean_square(const Group values[WINDOW], Group *result);
double zero_crossing_rate(const double samples[WINDOW]);

#endif
