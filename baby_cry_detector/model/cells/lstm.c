// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// LSTM with or without peepholes; equations as in lstm.py.

#include "../model.h"

static void see(const float *peephole, const float *c, float *z, int n) {
  for (int i = 0; peephole && i < n; i++)
    z[i] += peephole[i] * c[i];
}

void lstm_step(const Layer *layer, LayerState *state) {
  const int n = layer->padded;
  float *h = state->input + layer->inputs, *c = state->memory[0];
  float *i_gate = state->z, *f_gate = i_gate + n, *g = f_gate + n, *o_gate = g + n;
  const float *peephole = layer->peephole;
  matrix_times(&layer->both, state->input, state->z);
  see(peephole, c, i_gate, n);
  see(peephole ? peephole + n : 0, c, f_gate, n);
  sigmoid_of(i_gate, 2 * n);                            // (1), (2)
  tanh_of(g, n);                                             // (3)
  for (int i = 0; i < n; i++)
    c[i] = state->work[i] = f_gate[i] * c[i] + i_gate[i] * g[i];                 // (4)
  see(peephole ? peephole + 2 * n : 0, c, o_gate, n);
  sigmoid_of(o_gate, n);                                // (5)
  tanh_of(state->work, n);
  for (int i = 0; i < n; i++)
    h[i] = o_gate[i] * state->work[i];                          // (6)
}
