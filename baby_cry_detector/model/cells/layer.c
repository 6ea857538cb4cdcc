// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What all cells share: where a layer's state lies.

#include "../model.h"

#include <string.h>

size_t layer_floats(const Layer *layer) {
  return (size_t)layer->padded * (size_t)(1 + 2 * layer->depth + 3 + 1);
}

void layer_place(const Layer *layer, LayerState *state, float *memory) {
  const size_t padded = (size_t)layer->padded;
  state->h = memory;
  memory += padded;
  for (int n = 0; n < layer->depth; n++, memory += 2 * padded) {
    state->memory[n] = memory;
    state->gate[n] = memory + padded;
  }
  state->work = memory;
  state->mixed = memory + 3 * padded;
}

void layer_reset(const Layer *layer, LayerState *state) {
  const size_t bytes = sizeof(float) * (size_t)layer->padded;
  memset(state->h, 0, bytes);
  for (int n = 0; n < layer->depth; n++)
    memset(state->memory[n], 0, bytes);
  state->stale = layer->depth;
}

void layer_step(const Layer *layer, int n, LayerState *const *state, float *const *z) {
  if (layer->kind == ATTENTION)
    attention_gate_step(layer, n, state, z);
  else if (layer->kind == GRU)
    gru_step(layer, n, state, z);
  else
    lstm_step(layer, n, state, z);
}
