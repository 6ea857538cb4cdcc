// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// GRU; equations as in gru.py.

#include "../model.h"

void gru_step(const Layer *layer, LayerState *state) {
  const int n = layer->padded;
  float *h = state->input + layer->inputs, *x = state->z, *from_h = state->work;
  matrix_times(&layer->both, state->input, x);
  matrix_times(&layer->h, h, from_h);
  for (int i = 0; i < 2 * n; i++)
    x[i] += from_h[i];
  sigmoid_of(x, 2 * n);                                      // r, z
  for (int i = 0; i < n; i++)
    x[2 * n + i] += x[i] * from_h[2 * n + i];
  tanh_of(x + 2 * n, n);
  for (int i = 0; i < n; i++)
    h[i] = (1.0f - x[n + i]) * x[2 * n + i] + x[n + i] * h[i];
}
