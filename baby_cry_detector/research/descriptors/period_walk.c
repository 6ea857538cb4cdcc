// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

// Raised whenever a signature, the state or the meaning of either changes; compiled.py checks it.
#define ABI_VERSION 2

// Periods below this are correlated from running sums over the whole stretch, as in Python:
// only then are the sums the same.
#define SHORT_PERIOD 72
// Below this a period has no inside, see shimmer and HNR.
#define LEAST_PERIOD 6

typedef struct {
  int64_t frame;       // number of the next frame
  int64_t position;    // absolute sample up to which periods were followed
  int64_t left;        // samples of earlier frames that are still to be followed
  double held[4];      // values of the last frame
  double period;       // last period of the voiced run in samples, negative if none
  double difference;   // last change of it; none if not positive
} State;

typedef struct {
  double sample_rate;
  int64_t hop;
  int64_t window;
  double search;
  double least_correlation;
  double unvoiced_hnr_db;
} Parameters;

typedef struct {
  int64_t start;
  int64_t length;      // whole samples to the next step
  double refined;      // refined period, 0 if none was found
  double strength;
} Step;

// What a frame needs besides its samples; grows to the largest frame, freed after a block.
typedef struct {
  double *total, *square, *product, *correlation, *mean;
  Step *steps;
  void *memory;
  size_t capacity;
} Workspace;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int reserve(Workspace *work, int64_t length, int64_t lags, int64_t advance,
                   int together) {
  const size_t sums = (size_t)length + 1, rows = (size_t)lags;
  const size_t products = together ? sums * rows : 0;
  const size_t steps = sums / LEAST_PERIOD + 2;
  const size_t bytes = (2 * sums + products + rows + (size_t)advance) * sizeof(double)
      + steps * sizeof(Step);
  if (bytes > work->capacity) {
    free(work->memory);
    work->memory = malloc(bytes);
    work->capacity = work->memory ? bytes : 0;
  }
  if (!work->memory) return 0;
  work->steps = work->memory;
  work->total = (double *)(work->steps + steps);
  work->square = work->total + sums;
  work->product = work->square + sums;
  work->correlation = work->product + products;
  work->mean = work->correlation + rows;
  return 1;
}

// Running sums of `length` samples and of their squares, from 0 on.
static void accumulate(Workspace *work, const double *x, int64_t length) {
  double total = 0.0, square = 0.0;
  work->total[0] = work->square[0] = 0.0;
  for (int64_t t = 0; t < length; t++) {
    total += x[t];
    square += x[t] * x[t];
    work->total[t + 1] = total;
    work->square[t + 1] = square;
  }
}

// Running sums along t of x[t] x[t + lag] for all lags, [t][lag], from 0 on.
static void accumulate_products(Workspace *work, const double *x, int64_t width,
                                int64_t shortest, int64_t lags) {
  double *sum = work->product;
  for (int64_t lag = 0; lag < lags; lag++) sum[lag] = 0.0;
  for (int64_t t = 0; t < width; t++, sum += lags) {
    const double here = x[t], *later = x + t + shortest;
    for (int64_t lag = 0; lag < lags; lag++) sum[lags + lag] = sum[lag] + here * later[lag];
  }
}

// Products of one starting point with all lags, each over its own lag: the diagonal of the above.
static void correlate_once(double *sum, const double *x, int64_t shortest, int64_t lags) {
  for (int64_t lag = 0; lag < lags; lag++) sum[lag] = 0.0;
  for (int64_t t = 0; t < shortest + lags - 1; t++) {
    const double here = x[t], *later = x + t + shortest;
    // A lag's sum is complete after as many samples as the lag.
    for (int64_t lag = larger(t - shortest + 1, 0); lag < lags; lag++)
      sum[lag] += here * later[lag];
  }
}

// From sums of products to normalised, mean-removed correlation, in place. `at`: the start, an
// index into the running sums. `least`: spread that is still rounding.
static void normalise(Workspace *work, int64_t at, double least, int64_t shortest, int64_t lags) {
  const double *total = work->total + at, *square = work->square + at;
  for (int64_t row = 0; row < lags; row++) {
    const int64_t lag = shortest + row;
    const double share = 1.0 / (double)lag;
    const double first = total[lag] - total[0], second = total[2 * lag] - total[lag];
    double spread = (square[lag] - square[0]) - first * first * share;
    double later = (square[2 * lag] - square[lag]) - second * second * share;
    spread = spread > least ? spread : INFINITY;
    later = later > least ? later : INFINITY;
    work->correlation[row] =
        (work->correlation[row] - first * second * share) / sqrt(spread * later);
  }
}

// The highest inner maximum; a step of `advance` where there is none.
static Step choose(const double *values, int64_t start, int64_t shortest, int64_t lags,
                   int64_t advance) {
  Step step = {start, advance, 0.0, 0.0};
  int64_t best = 0;
  double top = -2.0;
  for (int64_t i = 1; i < lags - 1; i++) {
    if (values[i - 1] < values[i] && values[i] >= values[i + 1] && values[i] > top) {
      best = i;
      top = values[i];
    }
  }
  if (best) {
    const double left = values[best - 1], right = values[best + 1];
    const double bend = left - 2.0 * top + right;
    const double shift = bend < 0 ? 0.5 * (left - right) / bend : 0.0;
    step.length = shortest + best;
    step.refined = (double)step.length + shift;
    step.strength = top - 0.25 * (left - right) * shift;
  }
  return step;
}

// Follow the periods from the first sample on; return the number of steps.
static int64_t walk(Workspace *work, const double *x, int64_t length, int64_t shortest,
                    int64_t longest, int64_t advance, int together) {
  const int64_t stop = length - 2 * longest - 1, lags = longest - shortest;
  double least = 0.0;
  int64_t count = 0;
  if (stop <= 0) return 0;
  if (together) {
    accumulate(work, x, length - 1);
    accumulate_products(work, x, stop + longest, shortest, lags);
    least = 1e-12 * work->square[length - 1] + 1e-300;
  }
  for (int64_t start = 0; start < stop; count++) {
    if (together) {
      const double *from = work->product + start * lags;
      for (int64_t row = 0; row < lags; row++)
        work->correlation[row] = from[(shortest + row) * lags + row] - from[row];
      normalise(work, start, least, shortest, lags);
    } else {
      accumulate(work, x + start, 2 * longest + 1);
      correlate_once(work->correlation, x + start, shortest, lags);
      normalise(work, 0, 1e-12 * work->square[2 * longest + 1] + 1e-300, shortest, lags);
    }
    work->steps[count] = choose(work->correlation, start, shortest, lags, advance);
    start += work->steps[count].length;
  }
  return count;
}

static double spread_inside(const double *x, int64_t from, int64_t to) {
  double low = x[from], high = x[from];
  for (int64_t t = from + 1; t < to; t++) {
    if (x[t] < low) low = x[t];
    if (x[t] > high) high = x[t];
  }
  return high - low;
}

// Jitter and shimmer of the periods that correlate enough, into held[0..2].
static void perturbation(State *state, const double *x, const Step *steps, int64_t count,
                         double least) {
  double sum = 0.0, changes = 0.0, seconds = 0.0, difference = 0.0, amplitude = 0.0;
  int64_t accepted = 0, changed = 0, changed_twice = 0;
  for (int64_t i = 0; i < count; i++) {
    const double period = steps[i].refined;
    if (period == 0.0 || !(steps[i].strength > least)) continue;
    if (state->period >= 0) {
      const double change = fabs(period - state->period);
      changes += change;
      changed++;
      if (state->difference > 0) {
        seconds += fabs(change - state->difference);
        changed_twice++;
      }
      state->difference = change;
    }
    state->period = period;
    sum += period;
    accepted++;
    const int64_t start = steps[i].start, middle = start + steps[i].length;
    const double first = spread_inside(x, start + 1, middle - 1);
    const double second = spread_inside(x, middle + 1, middle + steps[i].length - 1);
    difference += fabs(first - second);
    amplitude += first + second;
  }
  if (!accepted) return;
  const double mean = sum / (double)accepted;
  const double local = changed ? changes / (double)changed / mean : 0.0;
  const double ddp = changed_twice ? seconds / (double)changed_twice / mean : 0.0;
  state->held[0] = local < 1.0 ? local : 1.0;
  state->held[1] = ddp < 1.0 ? ddp : 1.0;
  if (amplitude > 0) {
    const double shimmer = difference / (0.5 * amplitude);
    state->held[2] = shimmer < 1.0 ? shimmer : 1.0;
  }
}

// Level of the mean period over that of what deviates from it, dB, into held[3].
static void log_hnr(State *state, Workspace *work, const double *x, int64_t length,
                    int64_t count, int64_t period) {
  Step *steps = work->steps;
  const int64_t reached = steps[count - 1].start + steps[count - 1].length;
  const int64_t last_length = steps[count - 1].length;
  int64_t found = 0;
  // Only starts and lengths count from here on: from each period found to the next.
  for (int64_t i = 0; i < count; i++) {
    if (steps[i].refined == 0.0) continue;
    if (found) steps[found - 1].length = steps[i].start - steps[found - 1].start;
    steps[found++] = steps[i];
  }
  if (!found) return;
  steps[found - 1].length = reached - steps[found - 1].start;
  steps[found].start = reached;
  steps[found++].length = last_length;

  double *mean = work->mean;
  for (int64_t j = 0; j < period; j++) mean[j] = 0.0;
  for (int64_t i = 0; i < found; i++) {
    const int64_t start = steps[i].start, inside = smaller(period, length - start);
    for (int64_t j = 0; j < inside; j++) mean[j] += x[start + j];
    for (int64_t j = larger(inside, 0); j < period; j++) mean[j] += x[length - 1];
  }
  double harmonic = 0.0, noise = 0.0;
  int64_t number = 0;
  for (int64_t j = 0; j < period; j++) mean[j] /= (double)found;
  for (int64_t j = 3; j < period - 2; j++) harmonic += mean[j] * mean[j];
  for (int64_t i = 0; i < found; i++) {
    const int64_t start = steps[i].start, end = smaller(steps[i].length, period) - 2;
    for (int64_t j = 2; j < end; j++) {
      const double rest = x[smaller(start + j, length - 1)] - mean[j];
      noise += rest * rest;
    }
    number += end - 2;
  }
  harmonic /= (double)(period - 4);
  noise /= (double)number;
  // Bounds far outside sound: nothing repeats, or nothing but the repetition is there.
  if (harmonic <= 1e-10 * noise)
    state->held[3] = -100.0;
  else if (noise <= 1e-10 * harmonic)
    state->held[3] = 100.0;
  else
    state->held[3] = 10.0 * log10(harmonic / noise);
}

// One frame; 0 if there is no memory.
static int next(State *state, Workspace *work, const Parameters *parameters,
                const double *samples, int64_t size, int64_t origin, double hertz) {
  const int64_t start = state->frame * parameters->hop;
  if (state->position != start - state->left) {
    state->position = start;
    state->left = 0;
  }
  const int64_t due = parameters->hop + state->left;
  const double period = parameters->sample_rate / hertz;
  int64_t shortest = 0, longest = 0;
  // False for NaN, too.
  if (hertz > 0 && period <= (double)parameters->window) {
    shortest = (int64_t)floor((1.0 - parameters->search) * period);
    longest = (int64_t)ceil((1.0 + parameters->search) * period);
  }
  if (shortest < LEAST_PERIOD || longest - shortest < 3
      || 2 * longest + 2 > parameters->window) {
    state->position += due;
    state->left = 0;
    state->held[0] = state->held[1] = state->held[2] = 0.0;
    state->held[3] = parameters->unvoiced_hnr_db;
    state->period = state->difference = -1.0;
    return 1;
  }
  const int64_t offset = state->position - origin;
  int64_t length = smaller(larger(due, 2 * longest + 2), state->left + parameters->window);
  length = offset < 0 ? 0 : smaller(length, size - offset);
  const int64_t rounded = (int64_t)rint(period);  // half to even, as Python rounds
  const int together = period < SHORT_PERIOD;
  if (length > 0 && !reserve(work, length, longest - shortest, rounded, together)) return 0;
  const double *x = samples + (length > 0 ? offset : 0);
  const int64_t count = walk(work, x, length, shortest, longest, rounded, together);
  int64_t advance = 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t reached = work->steps[i].start + work->steps[i].length;
    if (reached < due - 1) advance = reached;
  }
  state->position += advance;
  state->left = due - advance;
  state->held[3] = 0.0;
  if (count) {
    perturbation(state, x, work->steps, count, parameters->least_correlation);
    log_hnr(state, work, x, length, count, rounded);
  }
  return 1;
}

int64_t baby_cry_period_walk_abi(void) { return ABI_VERSION; }

// Take F0 in Hz of the next `count` frames; write four values each to `result`.
// `samples`: `size` of them, the first at the absolute position `origin`. Returns 0, or -1
// without memory.
int64_t baby_cry_period_walk(State *state, const Parameters *parameters, const double *samples,
                             int64_t size, int64_t origin, const double *f0, int64_t count,
                             double *result) {
  Workspace work = {0};
  int64_t status = 0;
  for (int64_t n = 0; n < count && !status; n++) {
    if (!next(state, &work, parameters, samples, size, origin, f0[n])) status = -1;
    for (int i = 0; i < 4; i++) result[4 * n + i] = state->held[i];
    state->frame++;
  }
  free(work.memory);
  return status;
}
