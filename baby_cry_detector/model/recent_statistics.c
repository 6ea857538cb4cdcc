// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Statistics of the newest frames, as recent_statistics.py. All columns are sorted at once by
// Batcher's network, whose comparisons do not depend on what is compared.

#include "model.h"

#include <math.h>
#include <string.h>

static const double SHARES[QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

size_t window_floats(const Window *window) {
  const size_t width = (size_t)window->inputs, length = (size_t)window->window;
  return length * (width + PADDED(width)) + width * (STATISTICS + 1);
}

void window_place(const Window *window, WindowState *state, float *memory) {
  const size_t width = (size_t)window->inputs, length = (size_t)window->window;
  state->frames = memory;
  state->sorted = memory + length * width;
  state->statistics = state->sorted + length * PADDED(width);
  state->work = state->statistics + width * STATISTICS;
}

void window_reset(const Window *window, WindowState *state) {
  (void)window;
  state->count = state->next = 0;
}

// The smaller of each column to one row, the larger to the other; width is a multiple of LANES.
__attribute__((always_inline))
static inline void compare(float *restrict one, float *restrict other, int width) {
  for (int i = 0; i < width; i += LANES)
    for (int lane = i; lane < i + LANES; lane++) {
      const float a = one[lane], b = other[lane];
      one[lane] = a < b ? a : b;
      other[lane] = a > b ? a : b;
    }
}

FOR_EACH_WIDTH
static void sort_columns(float *rows, int n, int width) {
  for (int p = 1; p < n; p *= 2)
    for (int k = p; k >= 1; k /= 2)
      for (int j = k % p; j + k < n; j += 2 * k)
        for (int i = j; i < j + k && i + k < n; i++)
          if (i / (2 * p) == (i + k) / (2 * p))
            compare(rows + (size_t)i * (size_t)width, rows + (size_t)(i + k) * (size_t)width,
                    width);
}

static int is_before(int row, const Window *window) {
  return (row + window->window - 1) % window->window;
}

FOR_EACH_WIDTH
void window_step(const Window *window, WindowState *state, const float *frames, float *room) {
  const int width = window->inputs, length = window->window, padded = PADDED(width);
  for (int k = 0; k < window->period; k++, frames += width) {
    memcpy(state->frames + (size_t)state->next * (size_t)width, frames,
           sizeof(float) * (size_t)width);
    state->count += state->count < length;
    state->next = (state->next + 1) % length;
  }

  const int n = state->count, first = (state->next + length - n) % length;
  float *mean = state->statistics, *deviation = mean + width;
  float *spread = mean + (STATISTICS - 2) * width, *change = spread + width;
  float *drift = state->work;           // between two frames
  memset(state->statistics, 0, sizeof(float) * (size_t)(STATISTICS * width));
  for (int k = 0; k < n; k++) {
    const float *row = state->frames + (size_t)((first + k) % length) * (size_t)width;
    float *sorted = room + k * padded;
    for (int i = 0; i < width; i++) {
      mean[i] += row[i];
      sorted[i] = row[i];
    }
  }
  sort_columns(room, n, padded);
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
      mean[(2 + q) * width + i] = room[(int)rint(SHARES[q] * (n - 1)) * padded + i];
  }
}
