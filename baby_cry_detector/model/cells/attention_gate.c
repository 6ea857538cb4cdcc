// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The attention-gate LSTM; equations and strategies as in attention_gate.py. The gate of a memory
// is computed once and kept beside it, so that depth costs next to nothing.

#include "../model.h"

#include <math.h>

static void activate(const Layer *layer, float *gate) {
  const int n = layer->padded;
  if (layer->strategy == SOFTMAX)
    return;                                     // the score itself is mixed
  if (layer->activation == SIGMOID) {
    sigmoid_of(gate, n);
  } else if (layer->activation == HARD_SIGMOID) {
    for (int i = 0; i < n; i++) {
      const float a = gate[i] / 6.0f + 0.5f;
      gate[i] = a < 0.0f ? 0.0f : a > 1.0f ? 1.0f : a;
    }
  } else {
    float top = gate[0], sum = 0.0f;
    for (int i = 1; i < layer->units; i++)
      top = gate[i] > top ? gate[i] : top;
    for (int i = 0; i < layer->units; i++)
      sum += gate[i] = expf(gate[i] - top);
    for (int i = 0; i < layer->units; i++)
      gate[i] /= sum;
  }
}

static void mix(const Layer *layer, LayerState *state, const float *candidate, float *c) {
  const int depth = layer->depth;
  float *const *memory = state->memory, *const *gate = state->gate;
  for (int i = 0; i < layer->padded; i++) {
    float mixed = candidate[i];
    if (layer->strategy == CASCADE) {
      for (int n = depth - 1; n >= 0; n--)
        mixed = gate[n][i] * memory[n][i] + (1.0f - gate[n][i]) * mixed;
    } else if (layer->strategy == MEAN) {
      float kept = 0.0f, gates = 0.0f;
      for (int n = 0; n < depth; n++) {
        kept += gate[n][i] * memory[n][i];
        gates += gate[n][i];
      }
      mixed = kept / (float)depth + (1.0f - gates / (float)depth) * mixed;
    } else {
      float top = 0.0f;
      for (int n = 0; n < depth; n++)
        top = gate[n][i] > top ? gate[n][i] : top;
      float total = expf(-top), sum = total * mixed;
      for (int n = 0; n < depth; n++) {
        const float weight = expf(gate[n][i] - top);
        total += weight;
        sum += weight * memory[n][i];
      }
      mixed = sum / total;
    }
    c[i] = mixed;
  }
}

void attention_gate_step(const Layer *layer, LayerState *state) {
  const int n = layer->padded;
  float *h = state->input + layer->inputs;
  for (; state->stale; state->stale--) {                        // (10)
    float *gate = state->gate[state->stale - 1];
    matrix_times(&layer->gate_w, state->memory[state->stale - 1], state->work);
    tanh_of(state->work, n);
    matrix_times(&layer->gate_v, state->work, gate);
    activate(layer, gate);
  }
  matrix_times(&layer->both, state->input, state->z);
  tanh_of(state->z, n);                               // (3)
  sigmoid_of(state->z + n, n);                    // (5)
  mix(layer, state, state->z, state->mixed);                    // (11)

  // The oldest memory's place becomes the newest's.
  float *memory = state->memory[layer->depth - 1], *gate = state->gate[layer->depth - 1];
  for (int k = layer->depth - 1; k > 0; k--) {
    state->memory[k] = state->memory[k - 1];
    state->gate[k] = state->gate[k - 1];
  }
  state->memory[0] = memory;
  state->gate[0] = gate;
  state->stale = 1;
  for (int i = 0; i < n; i++)
    memory[i] = state->work[i] = state->mixed[i];
  tanh_of(state->work, n);
  for (int i = 0; i < n; i++)
    h[i] = state->z[n + i] * state->work[i];                    // (6)
}
