// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What all cells share: where a layer's state lies.

#include "../model.h"

#include <string.h>

size_t layer_floats(const Layer *layer) {
  const size_t padded = (size_t)layer->padded, depth = (size_t)layer->depth;
  return PADDED((size_t)layer->inputs + padded) + padded * (2 * depth + 4 + 4 + 1);
}

void layer_place(const Layer *layer, LayerState *state, float *memory) {
  const size_t padded = (size_t)layer->padded;
  state->input = memory;
  memory += PADDED((size_t)layer->inputs + padded);
  for (int n = 0; n < layer->depth; n++, memory += 2 * padded) {
    state->memory[n] = memory;
    state->gate[n] = memory + padded;
  }
  state->z = memory;
  state->work = memory + 4 * padded;
  state->mixed = memory + 8 * padded;
}

void layer_reset(const Layer *layer, LayerState *state) {
  const size_t bytes = sizeof(float) * (size_t)layer->padded;
  memset(state->input, 0, sizeof(float) * (size_t)layer->inputs + bytes);
  for (int n = 0; n < layer->depth; n++)
    memset(state->memory[n], 0, bytes);
  state->stale = layer->depth;
}
