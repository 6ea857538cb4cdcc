// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Statistics of the newest frames, as recent_statistics.py. Each column is kept sorted: what
// enters takes the place of what leaves and is moved to where it belongs.

#include "model.h"

#include <math.h>
#include <string.h>

static const double SHARES[QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

size_t window_floats(const Window *window) {
  return (size_t)window->inputs * (size_t)(2 * window->window + 1 + STATISTICS + 2);
}

void window_place(const Window *window, WindowState *state, float *memory) {
  const size_t all = (size_t)window->inputs * (size_t)window->window;
  state->frames = memory;
  state->sorted = memory + all;
  state->statistics = memory + 2 * all + (size_t)window->inputs;
  state->work = state->statistics + (size_t)window->inputs * STATISTICS;
}

void window_reset(const Window *window, WindowState *state) {
  state->count = state->next = 0;
  for (int i = 0; i < (window->window + 1) * window->inputs; i++)
    state->sorted[i] = INFINITY;                // places that are not taken
}

// One place of every column's sorted values: what leaves is passed over, what is carried put in.
static inline void replace_row(float *restrict here, const float *restrict after, int width,
                               const float *restrict leaving, float *restrict carried) {
  for (int i = 0; i < width; i++) {
    const float value = here[i] < leaving[i] ? here[i] : after[i], other = carried[i];
    here[i] = value < other ? value : other;
    carried[i] = value < other ? other : value;
  }
}

// In every column takes one value out of the sorted ones and puts another in, without a branch.
FOR_EACH_WIDTH
static void replace(float *sorted, int length, int width, const float *leaving, float *entering) {
  for (int k = 0; k < length; k++)
    replace_row(sorted + k * width, sorted + (k + 1) * width, width, leaving, entering);
}

static int is_before(int row, const Window *window) {
  return (row + window->window - 1) % window->window;
}

void window_step(const Window *window, WindowState *state, const float *frames) {
  const int width = window->inputs, length = window->window;
  for (int k = 0; k < window->period; k++, frames += width) {
    float *row = state->frames + (size_t)state->next * (size_t)width;
    float *leaving = state->work, *entering = state->work + width;
    for (int i = 0; i < width; i++) {
      leaving[i] = state->count < length ? INFINITY : row[i];
      entering[i] = row[i] = frames[i];
    }
    replace(state->sorted, length, width, leaving, entering);
    if (state->count < length)
      state->count++;
    state->next = (state->next + 1) % length;
  }

  const int n = state->count, first = (state->next + length - n) % length;
  float *mean = state->statistics, *deviation = mean + width;
  float *spread = mean + (STATISTICS - 2) * width, *change = spread + width;
  float *drift = state->work;           // between two frames
  memset(state->statistics, 0, sizeof(float) * (size_t)(STATISTICS * width));
  for (int k = 0; k < n; k++) {
    const float *row = state->frames + (size_t)((first + k) % length) * (size_t)width;
    for (int i = 0; i < width; i++)
      mean[i] += row[i];
  }
  for (int i = 0; i < width; i++)
    mean[i] /= (float)n;
  // The mean of the changes is what lies between the first frame and the last.
  const float *start = state->frames + (size_t)first * (size_t)width;
  const float *end = state->frames + (size_t)is_before(state->next, window) * (size_t)width;
  for (int i = 0; i < width; i++)
    drift[i] = n > 1 ? (end[i] - start[i]) / (float)(n - 1) : 0.0f;
  for (int k = 0; k < n; k++) {
    const float *row = state->frames + (size_t)((first + k) % length) * (size_t)width;
    for (int i = 0; i < width; i++) {
      const float away = row[i] - mean[i];
      deviation[i] += away * away;
    }
    if (!k)
      continue;
    const float *last = state->frames + (size_t)((first + k - 1) % length) * (size_t)width;
    for (int i = 0; i < width; i++) {
      const float step = row[i] - last[i], around = step - drift[i];
      spread[i] += around * around;
      change[i] += fabsf(step);
    }
  }
  for (int i = 0; i < width; i++) {
    deviation[i] = sqrtf(deviation[i] / (float)n);
    if (n > 1) {
      spread[i] = sqrtf(spread[i] / (float)(n - 1));
      change[i] /= (float)(n - 1);
    }
    for (int q = 0; q < QUANTILES; q++)         // halves to even, as Python rounds
      mean[(2 + q) * width + i] = state->sorted[(int)rint(SHARES[q] * (n - 1)) * width + i];
  }
}
