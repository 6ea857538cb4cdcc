// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// GRU; equations as in gru.py.

#include "../model.h"

void gru_step(const Layer *layer, int n, LayerState *const *state, float *const *z) {
  const int units = layer->padded;
  const float *h[MOST_STREAMS] = {0};
  float *from_h[MOST_STREAMS] = {0};
  for (int k = 0; k < n; k++) {
    h[k] = state[k]->h;
    from_h[k] = state[k]->work;
  }
  matrix_times(&layer->h, n, h, from_h, 0);
  for (int k = 0; k < n; k++) {
    float *x = z[k], *out = state[k]->h;
    for (int i = 0; i < 2 * units; i++)
      x[i] += from_h[k][i];
    sigmoid_of(x, 2 * units);                                  // r, z
    for (int i = 0; i < units; i++)
      x[2 * units + i] += x[i] * from_h[k][2 * units + i];
    tanh_of(x + 2 * units, units);
    for (int i = 0; i < units; i++)
      out[i] = (1.0f - x[units + i]) * x[2 * units + i] + x[units + i] * out[i];
  }
}
