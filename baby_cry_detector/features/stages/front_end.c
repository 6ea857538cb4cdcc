// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Offset and hum are taken off a hop of samples; equations as in high_pass.py and hum.py. The
// lines' amplitudes are those of the middle of a hop: there cosines are even and sines odd, and
// half of the products are saved.

#include "stages.h"

#include <math.h>
#include <string.h>

#define HALF (HOP / 2)
#define SUBTRACTED 5            // lines that are taken off together
#define TOGETHER 3              // lines that are found together: as many as registers hold
#define TINY 1e-200             // of a state that decayed; it must not become denormal

static double or_nothing(double value) { return fabs(value) < TINY ? 0.0 : value; }

int front_end_set(FrontEnd *stage, const FrontEndTables *tables, FrontEndShared *shared) {
  if (tables->lines < 1 || tables->lines > MAX_LINES)
    return 0;
  for (int n = 0; n < tables->lines; n++)
    if (!(tables->number[n] >= 1 && tables->number[n] < MAX_HARMONICS)
        || !(tables->which[n] >= 0 && tables->which[n] < GRIDS))
      return 0;
  for (int i = 0; i < GROUP; i++) {
    for (int k = 0; k < GROUP; k++)             // a later sample adds nothing: 0
      shared->within[k][i] = k <= i ? tables->within[GROUP * i + k] : 0.0;
    for (int k = 0; k < 2; k++) {
      shared->from_state[k][i] = tables->from_state[2 * i + k];
      shared->to_state[k][i] = tables->to_state[2 * i + k];
    }
  }
  memcpy(shared->carry, tables->carry, sizeof shared->carry);
  memcpy(shared->settled, tables->settled, sizeof shared->settled);
  shared->most_beside = tables->most_beside;
  shared->least_step = tables->least_step;
  shared->first_steps = tables->first_steps;
  shared->follow = tables->follow;
  shared->silent = tables->silent;
  shared->lines = tables->lines;
  shared->harmonics = 0;
  stage->shared = shared;
  for (int n = 0; n < tables->lines; n++) {
    shared->which[n] = (int)tables->which[n];
    shared->number[n] = (int)tables->number[n];
    if (shared->number[n] >= shared->harmonics)
      shared->harmonics = shared->number[n] + 1;
    shared->turn_re[n] = cos(tables->turn[n]);
    shared->turn_im[n] = sin(tables->turn[n]);
    for (int i = 0; i < HALF; i++) {
      shared->cosine[n][i] = cos((i + 0.5) * tables->sample_turn[n]);
      shared->sine[n][i] = sin((i + 0.5) * tables->sample_turn[n]);
    }
  }
  front_end_reset(stage);
  return 1;
}

void front_end_reset(FrontEnd *stage) {
  stage->is_settled = stage->owed = 0;
  stage->blocks = 0;
  stage->state[0] = stage->state[1] = 0.0;
  memset(stage->re, 0, sizeof stage->re);
  memset(stage->im, 0, sizeof stage->im);
  memset(stage->beside, 0, sizeof stage->beside);
}

// Four samples at a time: what each of them, and the state before them, adds to all four.
FOR_EACH_WIDTH
static void high_pass(FrontEnd *stage, double *samples) {
  const FrontEndShared *shared = stage->shared;
  const double *s = shared->to_state[0], *t = shared->to_state[1];
  double a0 = stage->state[0], a1 = stage->state[1];
  Group of[GROUP], from[2];
  memcpy(of, shared->within, sizeof of);
  memcpy(from, shared->from_state, sizeof from);
  if (!stage->is_settled) {     // the output is 0 for as long as the first sample stays
    a0 = samples[0] * shared->settled[0];
    a1 = samples[0] * shared->settled[1];
    stage->is_settled = 1;
  }
  for (int at = 0; at < HOP; at += GROUP) {
    const double x0 = samples[at], x1 = samples[at + 1], x2 = samples[at + 2],
                 x3 = samples[at + 3];
    const Group out = of[0] * x0 + of[1] * x1 + of[2] * x2 + of[3] * x3
        + (from[0] * a0 + from[1] * a1);
    memcpy(samples + at, &out, sizeof out);
    const double from0 = s[0] * x0 + s[1] * x1 + s[2] * x2 + s[3] * x3;
    const double from1 = t[0] * x0 + t[1] * x1 + t[2] * x2 + t[3] * x3;
    const double next = shared->carry[0][0] * a0 + shared->carry[0][1] * a1 + from0;
    a1 = shared->carry[1][0] * a0 + shared->carry[1][1] * a1 + from1;
    a0 = next;
  }
  stage->state[0] = or_nothing(a0);
  stage->state[1] = or_nothing(a1);
}

// `count` waves from `first` on are taken off; the samples are loaded once for all of them.
__attribute__((always_inline))
static inline void subtract(const FrontEnd *stage, int first, int count, Group *even, Group *odd) {
  for (int i = 0; i < HALF / GROUP; i++) {
    Group e = even[i], o = odd[i];
    for (int n = first; n < first + count; n++) {
      Group c, s;
      memcpy(&c, stage->shared->cosine[n] + GROUP * i, sizeof c);
      memcpy(&s, stage->shared->sine[n] + GROUP * i, sizeof s);
      e -= c * stage->re[n];
      o += s * stage->im[n];
    }
    even[i] = e;
    odd[i] = o;
  }
}

// How much of `count` waves there is in the samples.
__attribute__((always_inline))
static inline void project(const FrontEnd *stage, int first, int count, const Group *even,
                           const Group *odd, double *left_re, double *left_im) {
  Group re[TOGETHER][2] = {{{0.0}}}, im[TOGETHER][2] = {{{0.0}}};
  for (int i = 0; i < HALF / GROUP; i += 2)
    for (int half = 0; half < 2; half++) {
      const Group e = even[i + half], o = odd[i + half];
      for (int n = 0; n < count; n++) {
        Group c, s;
        memcpy(&c, stage->shared->cosine[first + n] + GROUP * (i + half), sizeof c);
        memcpy(&s, stage->shared->sine[first + n] + GROUP * (i + half), sizeof s);
        re[n][half] += c * e;
        im[n][half] -= s * o;
      }
    }
  for (int n = 0; n < count; n++) {
    const Group all_re = re[n][0] + re[n][1], all_im = im[n][0] + im[n][1];
    left_re[n] = 2.0 * (all_re[0] + all_re[1] + all_re[2] + all_re[3]);
    left_im[n] = 2.0 * (all_im[0] + all_im[1] + all_im[2] + all_im[3]);
  }
}

// Takes the predicted waves off a hop; says how much of each wave is left in it.
FOR_EACH_WIDTH
static void take_off(const FrontEnd *stage, double *samples, double *left_re, double *left_im) {
  const int lines = stage->shared->lines;
  const double silent = stage->shared->silent;
  Group even[HALF / GROUP], odd[HALF / GROUP];
  double *e = (double *)even, *o = (double *)odd;
  for (int i = 0; i < HALF; i++) {              // halves of the sum and difference of mirrored ones
    e[i] = 0.5 * (samples[HALF + i] + samples[HALF - 1 - i]);
    o[i] = 0.5 * (samples[HALF + i] - samples[HALF - 1 - i]);
  }
  int n = 0;
  for (; n + SUBTRACTED <= lines; n += SUBTRACTED)
    subtract(stage, n, SUBTRACTED, even, odd);
  for (; n < lines; n++)
    subtract(stage, n, 1, even, odd);
  for (n = 0; n + TOGETHER <= lines; n += TOGETHER)
    project(stage, n, TOGETHER, even, odd, left_re + n, left_im + n);
  for (; n < lines; n++)
    project(stage, n, 1, even, odd, left_re + n, left_im + n);
  for (int i = 0; i < HALF; i++) {
    const double after = e[i] + o[i], before = e[i] - o[i];
    samples[HALF + i] = fabs(after) < silent ? 0.0 : after;
    samples[HALF - 1 - i] = fabs(before) < silent ? 0.0 : before;
  }
}

FOR_EACH_WIDTH
static void adapt(FrontEnd *stage, const double *left_re, const double *left_im) {
  const FrontEndShared *shared = stage->shared;
  const int lines = shared->lines;
  stage->blocks++;
  const double first = 1.0 / ((double)stage->blocks + shared->first_steps);
  const double step = first > shared->least_step ? first : shared->least_step;
  const double gain = step * 2.0 / HOP;
  double turning[GRIDS] = {0.0}, weight[GRIDS] = {0.0}, one_re[GRIDS], one_im[GRIDS];
  double power_re[MAX_HARMONICS][GRIDS], power_im[MAX_HARMONICS][GRIDS];
  for (int n = 0; n < lines; n++) {
    const double number = shared->number[n], re = stage->re[n], im = stage->im[n];
    turning[shared->which[n]] += number * (re * left_im[n] - im * left_re[n]) * gain;
    weight[shared->which[n]] += number * number * (re * re + im * im);
  }
  for (int grid = 0; grid < GRIDS; grid++) {
    if (weight[grid] > TINY) {
      const double most = shared->most_beside;
      const double beside = stage->beside[grid] + shared->follow * step * turning[grid]
          / weight[grid];
      stage->beside[grid] = beside < -most ? -most : beside > most ? most : beside;
    }
    one_re[grid] = cos(stage->beside[grid]);
    one_im[grid] = sin(stage->beside[grid]);
    power_re[0][grid] = 1.0;
    power_im[0][grid] = 0.0;
  }
  // What harmonic k turns by: e^(i k beside), one after the other.
  for (int k = 1; k < shared->harmonics; k++)
    for (int grid = 0; grid < GRIDS; grid++) {
      power_re[k][grid] = power_re[k - 1][grid] * one_re[grid]
          - power_im[k - 1][grid] * one_im[grid];
      power_im[k][grid] = power_re[k - 1][grid] * one_im[grid]
          + power_im[k - 1][grid] * one_re[grid];
    }
  for (int n = 0; n < lines; n++) {
    const double more_re = power_re[shared->number[n]][shared->which[n]];
    const double more_im = power_im[shared->number[n]][shared->which[n]];
    const double by_re = shared->turn_re[n] * more_re - shared->turn_im[n] * more_im;
    const double by_im = shared->turn_re[n] * more_im + shared->turn_im[n] * more_re;
    const double re = stage->re[n] + left_re[n] * gain, im = stage->im[n] + left_im[n] * gain;
    stage->re[n] = or_nothing(re * by_re - im * by_im);
    stage->im[n] = or_nothing(re * by_im + im * by_re);
  }
}

static void filter(FrontEnd *stage, double *samples) {
  double left_re[MAX_LINES], left_im[MAX_LINES];
  high_pass(stage, samples);
  take_off(stage, samples, left_re, left_im);
  adapt(stage, left_re, left_im);
}

int front_end_process(FrontEnd *stage, const double *samples, int n, double *out) {
  int written = 0;
  while (n > 0) {
    const int room = HOP - stage->owed, taken = n < room ? n : room;
    if (taken == HOP) {                 // a whole hop need not wait
      memcpy(out + written, samples, sizeof stage->waiting);
      filter(stage, out + written);
      written += HOP;
      samples += HOP;
      n -= HOP;
      continue;
    }
    memcpy(stage->waiting + stage->owed, samples, sizeof(double) * (size_t)taken);
    stage->owed += taken;
    samples += taken;
    n -= taken;
    if (stage->owed == HOP) {
      memcpy(out + written, stage->waiting, sizeof stage->waiting);
      filter(stage, out + written);
      written += HOP;
      stage->owed = 0;
    }
  }
  return written;
}

int front_end_flush(FrontEnd *stage, double *out) {
  const int owed = stage->owed;
  if (!owed)
    return 0;
  memset(stage->waiting + owed, 0, sizeof(double) * (size_t)(HOP - owed));
  filter(stage, stage->waiting);
  memcpy(out, stage->waiting, sizeof(double) * (size_t)owed);
  stage->owed = 0;
  return owed;
}
