// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The attention-gate LSTM; equations and strategies as in attention_gate.py. The gate of a memory
// is computed once and kept beside it, so that depth costs next to nothing.

#include "../model.h"

#include <math.h>

FOR_EACH_WIDTH
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

FOR_EACH_WIDTH
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

// The gates of memories that have none yet, the oldest first: one, but after a reset.
static void score_memories(const Layer *layer, int n, LayerState *const *state) {
  for (;;) {
    const float *memory[MOST_STREAMS], *inner[MOST_STREAMS];
    float *work[MOST_STREAMS], *gate[MOST_STREAMS];
    int count = 0;
    for (int k = 0; k < n; k++)
      if (state[k]->stale) {
        const int which = --state[k]->stale;
        memory[count] = state[k]->memory[which];
        gate[count] = state[k]->gate[which];
        inner[count] = work[count] = state[k]->work;
        count++;
      }
    if (!count)
      return;
    matrix_times(&layer->gate_w, count, memory, work, 0);
    for (int k = 0; k < count; k++)
      tanh_of(work[k], layer->padded);
    matrix_times(&layer->gate_v, count, inner, gate, 0);
    for (int k = 0; k < count; k++)
      activate(layer, gate[k]);
  }
}

void attention_gate_step(const Layer *layer, int n, LayerState *const *state, float *const *z) {
  const int units = layer->padded;
  const float *h[MOST_STREAMS] = {0};
  score_memories(layer, n, state);                             // (10)
  for (int k = 0; k < n; k++)
    h[k] = state[k]->h;
  matrix_times(&layer->h, n, h, z, 1);
  for (int k = 0; k < n; k++) {
    LayerState *own = state[k];
    tanh_of(z[k], units);                                      // (3)
    sigmoid_of(z[k] + units, units);                           // (5)
    mix(layer, own, z[k], own->mixed);                         // (11)

    // The oldest memory's place becomes the newest's.
    float *memory = own->memory[layer->depth - 1], *gate = own->gate[layer->depth - 1];
    for (int i = layer->depth - 1; i > 0; i--) {
      own->memory[i] = own->memory[i - 1];
      own->gate[i] = own->gate[i - 1];
    }
    own->memory[0] = memory;
    own->gate[0] = gate;
    own->stale = 1;
    for (int i = 0; i < units; i++)
      memory[i] = own->work[i] = own->mixed[i];
    tanh_of(own->work, units);
    for (int i = 0; i < units; i++)
      own->h[i] = z[k][units + i] * own->work[i];              // (6)
  }
}
