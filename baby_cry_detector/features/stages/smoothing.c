// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

#include <math.h>
#include <string.h>

void neighbourhood_set(Neighbourhood *rows, int width, int left, int right) {
  rows->width = width;
  rows->left = left;
  rows->right = right;
  rows->oldest = 0;
  rows->count = 0;
}

int neighbourhood_push(Neighbourhood *rows, const double *row) {
  const size_t bytes = sizeof(double) * (size_t)rows->width;
  const int length = rows->left + 1 + rows->right;
  if (!rows->count)
    for (int n = 0; n < length; n++)
      memcpy(rows->row[n], row, bytes);
  else
    memcpy(rows->row[rows->oldest], row, bytes);
  rows->oldest = rows->oldest + 1 < length ? rows->oldest + 1 : 0;
  return ++rows->count > rows->right;
}

void smooth_set(SmoothWithDelta *stage, int width, int voiced) {
  stage->width = width;
  stage->voiced = voiced;
  smooth_reset(stage);
}

void smooth_reset(SmoothWithDelta *stage) {
  neighbourhood_set(&stage->mean, stage->width, 1, 1);
  neighbourhood_set(&stage->delta, stage->width, 2, 2);
}

static void mean_of_three(SmoothWithDelta *stage, double *smooth) {
  const double *row[3] = {neighbour(&stage->mean, 0), neighbour(&stage->mean, 1),
                          neighbour(&stage->mean, 2)};
  for (int i = 0; i < stage->width; i++)
    smooth[i] = (row[0][i] + row[1][i] + row[2][i]) / 3.0;
  const int f = stage->voiced;
  if (f >= 0) {
    const int there = (row[0][f] != 0) + (row[1][f] != 0) + (row[2][f] != 0);
    smooth[f] = row[1][f] != 0 ? (row[0][f] + row[1][f] + row[2][f]) / there : 0.0;
  }
}

// Takes a smoothed row; writes the row two before it and its deltas.
static int delta_step(SmoothWithDelta *stage, const double *smooth, double *result) {
  if (!neighbourhood_push(&stage->delta, smooth))
    return 0;
  const double *row[5];
  for (int n = 0; n < 5; n++)
    row[n] = neighbour(&stage->delta, n);
  double *delta = result + stage->width;
  for (int i = 0; i < stage->width; i++) {
    result[i] = row[2][i];
    delta[i] = ((row[4][i] - row[0][i]) * 2.0 + row[3][i] - row[1][i]) / 10.0;
  }
  const int f = stage->voiced;
  if (f >= 0) {
    const double far = row[4][f] != 0 && row[0][f] != 0 ? row[4][f] - row[0][f] : 0.0;
    const double near = row[3][f] != 0 && row[1][f] != 0 ? row[3][f] - row[1][f] : 0.0;
    delta[f] = (2.0 * far + near) / 10.0;
  }
  return 1;
}

int smooth_step(SmoothWithDelta *stage, const double *row, double *result) {
  double smooth[MAX_ROW];
  memcpy(stage->last, row, sizeof(double) * (size_t)stage->width);
  if (!neighbourhood_push(&stage->mean, row))
    return 0;
  mean_of_three(stage, smooth);
  return delta_step(stage, smooth, result);
}

int smooth_finish(SmoothWithDelta *stage, int n, double *result) {
  double smooth[MAX_ROW];
  if (!stage->mean.count)
    return 0;
  if (n)                        // the contour goes on with the last row unsmoothed
    return delta_step(stage, stage->last, result);
  neighbourhood_push(&stage->mean, stage->last);
  mean_of_three(stage, smooth);
  return delta_step(stage, smooth, result);
}

FOR_EACH_WIDTH
void group_frames(const double *samples, int n, Group frames[WINDOW]) {
  const double *b = samples + (n > 1 ? HOP : 0), *c = n > 2 ? b + HOP : b,
               *d = n > 3 ? c + HOP : c;
  for (int i = 0; i < WINDOW; i++)
    frames[i] = (Group){samples[i], b[i], c[i], d[i]};
}

FOR_EACH_WIDTH
void root_mean_square(const Group values[WINDOW], Group *result) {
  Group sum[4] = {{0.0}, {0.0}, {0.0}, {0.0}};
  for (int i = 0; i < WINDOW; i += 4)
    for (int k = 0; k < 4; k++)
      sum[k] += values[i + k] * values[i + k];
  *result = (sum[0] + sum[1] + sum[2] + sum[3]) / WINDOW;
  square_roots(result, 1);
}

double zero_crossing_rate(const double samples[WINDOW]) {
  int crossings = 0;
  for (int i = 1; i < WINDOW - 1; i++)
    crossings += samples[i - 1] * samples[i] < 0
        || (samples[i] == 0 && samples[i - 1] * samples[i + 1] <= 0);
  return (double)crossings / WINDOW;
}
