// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Offset and hum are taken off a hop of samples; equations as in high_pass.py and hum.py. The
// lines' amplitudes are those of the middle of a hop: there cosines are even and sines odd, and
// half of the products are saved.

#include "stages.h"

#include <math.h>
#include <string.h>

#define HALF (HOP / 2)
#define TOGETHER 3              // lines that are taken together
#define TINY 1e-200             // of a state that decayed; it must not become denormal

static double or_nothing(double value) { return fabs(value) < TINY ? 0.0 : value; }

int front_end_set(FrontEnd *stage, const FrontEndTables *tables, FrontEndWaves *waves) {
  if (tables->lines < 1 || tables->lines > MAX_LINES)
    return 0;
  for (int n = 0; n < tables->lines; n++)
    if (!(tables->number[n] >= 1 && tables->number[n] < MAX_HARMONICS)
        || !(tables->which[n] >= 0 && tables->which[n] < GRIDS))
      return 0;
  memcpy(stage->within, tables->within, sizeof stage->within);
  for (int i = 0; i < GROUP; i++)
    for (int k = 0; k < 2; k++) {
      stage->from_state[k][i] = tables->from_state[2 * i + k];
      stage->to_state[k][i] = tables->to_state[2 * i + k];
    }
  memcpy(stage->carry, tables->carry, sizeof stage->carry);
  memcpy(stage->settled, tables->settled, sizeof stage->settled);
  stage->most_beside = tables->most_beside;
  stage->least_step = tables->least_step;
  stage->first_steps = tables->first_steps;
  stage->follow = tables->follow;
  stage->silent = tables->silent;
  stage->lines = tables->lines;
  stage->waves = waves;
  for (int n = 0; n < tables->lines; n++) {
    stage->which[n] = (int)tables->which[n];
    stage->number[n] = (int)tables->number[n];
    stage->turn_re[n] = cos(tables->turn[n]);
    stage->turn_im[n] = sin(tables->turn[n]);
    for (int i = 0; i < HALF; i++) {
      waves->cosine[n][i] = cos((i + 0.5) * tables->sample_turn[n]);
      waves->sine[n][i] = sin((i + 0.5) * tables->sample_turn[n]);
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

static void high_pass(FrontEnd *stage, double *samples) {
  double (*a)[GROUP] = stage->within, a0 = stage->state[0], a1 = stage->state[1];
  if (!stage->is_settled) {     // the output is 0 for as long as the first sample stays
    a0 = samples[0] * stage->settled[0];
    a1 = samples[0] * stage->settled[1];
    stage->is_settled = 1;
  }
  for (int at = 0; at < HOP; at += GROUP) {
    const double x0 = samples[at], x1 = samples[at + 1], x2 = samples[at + 2],
                 x3 = samples[at + 3];
    const double *f = stage->from_state[0], *g = stage->from_state[1];
    samples[at] = a[0][0] * x0 + (f[0] * a0 + g[0] * a1);
    samples[at + 1] = a[1][0] * x0 + a[1][1] * x1 + (f[1] * a0 + g[1] * a1);
    samples[at + 2] = a[2][0] * x0 + a[2][1] * x1 + a[2][2] * x2 + (f[2] * a0 + g[2] * a1);
    samples[at + 3] = a[3][0] * x0 + a[3][1] * x1 + a[3][2] * x2 + a[3][3] * x3
        + (f[3] * a0 + g[3] * a1);
    const double *s = stage->to_state[0], *t = stage->to_state[1];
    const double from0 = s[0] * x0 + s[1] * x1 + s[2] * x2 + s[3] * x3;
    const double from1 = t[0] * x0 + t[1] * x1 + t[2] * x2 + t[3] * x3;
    const double next = stage->carry[0][0] * a0 + stage->carry[0][1] * a1 + from0;
    a1 = stage->carry[1][0] * a0 + stage->carry[1][1] * a1 + from1;
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
      memcpy(&c, stage->waves->cosine[n] + GROUP * i, sizeof c);
      memcpy(&s, stage->waves->sine[n] + GROUP * i, sizeof s);
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
        memcpy(&c, stage->waves->cosine[first + n] + GROUP * (i + half), sizeof c);
        memcpy(&s, stage->waves->sine[first + n] + GROUP * (i + half), sizeof s);
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
  Group even[HALF / GROUP], odd[HALF / GROUP];
  double *e = (double *)even, *o = (double *)odd;
  for (int i = 0; i < HALF; i++) {              // halves of the sum and difference of mirrored ones
    e[i] = 0.5 * (samples[HALF + i] + samples[HALF - 1 - i]);
    o[i] = 0.5 * (samples[HALF + i] - samples[HALF - 1 - i]);
  }
  int n = 0;
  for (; n + TOGETHER <= stage->lines; n += TOGETHER)
    subtract(stage, n, TOGETHER, even, odd);
  for (; n < stage->lines; n++)
    subtract(stage, n, 1, even, odd);
  for (n = 0; n + TOGETHER <= stage->lines; n += TOGETHER)
    project(stage, n, TOGETHER, even, odd, left_re + n, left_im + n);
  for (; n < stage->lines; n++)
    project(stage, n, 1, even, odd, left_re + n, left_im + n);
  for (int i = 0; i < HALF; i++) {
    samples[HALF + i] = e[i] + o[i];
    samples[HALF - 1 - i] = e[i] - o[i];
  }
}

static void adapt(FrontEnd *stage, const double *left_re, const double *left_im) {
  stage->blocks++;
  const double first = 1.0 / ((double)stage->blocks + stage->first_steps);
  const double step = first > stage->least_step ? first : stage->least_step;
  const double gain = step * 2.0 / HOP;
  double turning[GRIDS] = {0.0}, weight[GRIDS] = {0.0};
  double power_re[GRIDS][MAX_HARMONICS], power_im[GRIDS][MAX_HARMONICS];
  for (int n = 0; n < stage->lines; n++) {
    const double number = stage->number[n], re = stage->re[n], im = stage->im[n];
    turning[stage->which[n]] += number * (re * left_im[n] - im * left_re[n]) * gain;
    weight[stage->which[n]] += number * number * (re * re + im * im);
  }
  for (int grid = 0; grid < GRIDS; grid++) {
    if (weight[grid] > TINY) {
      const double most = stage->most_beside;
      const double beside = stage->beside[grid] + stage->follow * step * turning[grid]
          / weight[grid];
      stage->beside[grid] = beside < -most ? -most : beside > most ? most : beside;
    }
    // What harmonic k turns by: e^(i k beside), one after the other.
    const double one_re = cos(stage->beside[grid]), one_im = sin(stage->beside[grid]);
    power_re[grid][0] = 1.0;
    power_im[grid][0] = 0.0;
    for (int k = 1; k < MAX_HARMONICS; k++) {
      power_re[grid][k] = power_re[grid][k - 1] * one_re - power_im[grid][k - 1] * one_im;
      power_im[grid][k] = power_re[grid][k - 1] * one_im + power_im[grid][k - 1] * one_re;
    }
  }
  for (int n = 0; n < stage->lines; n++) {
    const double more_re = power_re[stage->which[n]][stage->number[n]];
    const double more_im = power_im[stage->which[n]][stage->number[n]];
    const double by_re = stage->turn_re[n] * more_re - stage->turn_im[n] * more_im;
    const double by_im = stage->turn_re[n] * more_im + stage->turn_im[n] * more_re;
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
  for (int i = 0; i < HOP; i++)
    samples[i] = fabs(samples[i]) < stage->silent ? 0.0 : samples[i];
}

int front_end_process(FrontEnd *stage, const double *samples, int n, double *out) {
  int written = 0;
  while (n > 0) {
    const int room = HOP - stage->owed, taken = n < room ? n : room;
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
