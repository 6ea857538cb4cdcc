// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// LSTM with or without peepholes; equations as in lstm.py.

#include "../model.h"

static void see(const float *peephole, const float *c, float *z, int n) {
  for (int i = 0; peephole && i < n; i++)
    z[i] += peephole[i] * c[i];
}

void lstm_step(const Layer *layer, int n, LayerState *const *state, float *const *z) {
  const int units = layer->padded;
  const float *peephole = layer->peephole, *h[MOST_STREAMS] = {0};
  for (int k = 0; k < n; k++)
    h[k] = state[k]->h;
  matrix_times(&layer->h, n, h, z, 1);
  for (int k = 0; k < n; k++) {
    float *c = state[k]->memory[0], *work = state[k]->work, *out = state[k]->h;
    float *i_gate = z[k], *f_gate = i_gate + units, *g = f_gate + units, *o_gate = g + units;
    see(peephole, c, i_gate, units);
    see(peephole ? peephole + units : 0, c, f_gate, units);
    sigmoid_of(i_gate, 2 * units);                             // (1), (2)
    tanh_of(g, units);                                         // (3)
    for (int i = 0; i < units; i++)
      c[i] = work[i] = f_gate[i] * c[i] + i_gate[i] * g[i];    // (4)
    see(peephole ? peephole + 2 * units : 0, c, o_gate, units);
    sigmoid_of(o_gate, units);                                 // (5)
    tanh_of(work, units);
    for (int i = 0; i < units; i++)
      out[i] = o_gate[i] * work[i];                            // (6)
  }
}
