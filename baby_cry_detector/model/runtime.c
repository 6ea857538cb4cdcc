// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Frames in, probabilities out, as runtime.py: a stream steps its members and averages them.

#include "runtime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_LIMIT 1e6f
#define STATISTIC_LIMIT 6.0f
#define SMALLEST_STD 1e-4f


static void member_reset(const Member *member, MemberState *state) {
  state->count = state->answered = 0;
  for (int k = 0; k < member->n_layers; k++)
    layer_reset(&member->layer[k], &state->layer[k]);
  if (member->is_statistics && state->window.sorted)
    window_reset(&member->window, &state->window);
}

void baby_cry_stream_reset(Stream *stream) {
  stream->nonfinite = 0;
  stream->cry = 0.0f;
  for (int n = 0; n < stream->model->n_needs; n++)
    stream->needs[n] = 0.0f;
  for (int m = 0; m < stream->model->n_members; m++)
    member_reset(&stream->model->member[m], &stream->member[m]);
}

static float *take(float **memory, size_t count) {
  float *taken = *memory;
  if (taken)
    *memory += PADDED(count);
  return taken;
}

// Places everything that a stream holds; says how many numbers that takes.
static size_t lay_out(const Model *model, Stream *stream, float *memory) {
  size_t total = 0;
  const size_t widest = PADDED((size_t)model->widest), labels = PADDED((size_t)model->n_labels),
               needs = PADDED((size_t)model->n_needs + 1);
  for (int m = 0; m < model->n_members; m++) {
    const Member *member = &model->member[m];
    const size_t pending = PADDED((size_t)member->inputs * (size_t)member->stack);
    total += pending + labels + needs;
    if (stream) {
      MemberState *state = &stream->member[m];
      state->pending = take(&memory, pending);
      state->labels = take(&memory, labels);
      state->needs = take(&memory, needs);
    }
    for (int k = 0; k < member->n_layers; k++) {
      const size_t floats = PADDED(layer_floats(&member->layer[k]));
      total += floats;
      if (stream)
        layer_place(&member->layer[k], &stream->member[m].layer[k], take(&memory, floats));
    }
    if (member->is_statistics && member->shares == m) {
      const size_t floats = PADDED(window_floats(&member->window));
      total += floats;
      if (stream)
        window_place(&member->window, &stream->member[m].window, take(&memory, floats));
    }
  }
  if (stream) {
    stream->needs = take(&memory, needs);
    stream->work[0] = take(&memory, widest);
    stream->work[1] = take(&memory, widest);
  }
  return total + needs + 2 * widest;
}

// Returns NULL where there is no memory. The model must outlive the stream.
Stream *baby_cry_stream_new(const Model *model) {
  const size_t floats = lay_out(model, NULL, NULL);
  Stream *stream = calloc(1, sizeof *stream + floats * sizeof(float));
  if (!stream)
    return NULL;
  stream->model = model;
  lay_out(model, stream, stream->memory);
  baby_cry_stream_reset(stream);
  return stream;
}

void baby_cry_stream_free(Stream *stream) { free(stream); }

int64_t baby_cry_stream_nonfinite(const Stream *stream) { return stream->nonfinite; }

static void answer_heads(const Member *member, MemberState *state, Stream *stream,
                         const float *x) {
  for (int k = 0; k < member->n_dense; k++) {
    float *y = stream->work[k % 2 ? 0 : 1];
    matrix_times(&member->dense[k], x, y);
    if (member->is_statistics)
      for (int i = 0; i < member->dense[k].rows; i++)
        y[i] = y[i] > 0.0f ? y[i] : 0.0f;
    else
      tanh_of(y, member->dense[k].rows);
    x = y;
  }
  matrix_times(&member->label_head, x, state->labels);
  if (member->n_needs)
    matrix_times(&member->need_head, x, state->needs);
  state->answered = 1;
}

static void step_network(const Member *member, MemberState *state, Stream *stream) {
  const float *x = state->pending;
  for (int k = 0; k < member->n_layers; k++) {
    const Layer *layer = &member->layer[k];
    memcpy(state->layer[k].input, x, sizeof(float) * (size_t)layer->inputs);
    if (layer->kind == ATTENTION)
      attention_gate_step(layer, &state->layer[k]);
    else if (layer->kind == GRU)
      gru_step(layer, &state->layer[k]);
    else
      lstm_step(layer, &state->layer[k]);
    x = state->layer[k].input + layer->inputs;
  }
  answer_heads(member, state, stream, x);
}

static void step_statistics(const Member *member, MemberState *state, Stream *stream,
                            int is_owner) {
  WindowState *window = &stream->member[member->shares].window;
  if (is_owner)
    window_step(&member->window, window, state->pending);
  float *x = stream->work[0];
  for (int i = 0; i < member->inputs * STATISTICS; i++) {
    const float std = member->statistics_std[i];
    const float value = (window->statistics[i] - member->statistics_mean[i])
        / (std > SMALLEST_STD ? std : SMALLEST_STD);
    x[i] = value > STATISTIC_LIMIT ? STATISTIC_LIMIT
        : value < -STATISTIC_LIMIT ? -STATISTIC_LIMIT : value;
  }
  answer_heads(member, state, stream, x);
}

// Takes one frame; returns whether the member stepped.
static int push(Stream *stream, int m, const float *frame) {
  const Member *member = &stream->model->member[m];
  MemberState *state = &stream->member[m];
  float *pending = state->pending + member->inputs * state->count;
  if (member->shares == m)
    for (int i = 0; i < member->inputs; i++) {
      const float value = (frame[member->column[i]] - member->mean[i]) / member->std[i];
      pending[i] = !isfinite(value) ? 0.0f : value > INPUT_LIMIT ? INPUT_LIMIT
          : value < -INPUT_LIMIT ? -INPUT_LIMIT : value;
    }
  if (++state->count < member->stack)
    return 0;
  state->count = 0;
  if (member->is_statistics)
    step_statistics(member, state, stream, member->shares == m);
  else
    step_network(member, state, stream);
  return 1;
}

// softmax(mean of the members' logits / temperature), in double precision.
static void shares_of(const Stream *stream, int needs, int n, double temperature,
                      double *share) {
  const Model *model = stream->model;
  double top = -INFINITY, total = 0.0;
  for (int k = 0; k < n; k++) {
    int members = 0;
    share[k] = 0.0;
    for (int m = 0; m < model->n_members; m++)
      if (!needs || model->member[m].n_needs) {
        share[k] += needs ? stream->member[m].needs[k] : stream->member[m].labels[k];
        members++;
      }
    share[k] /= members;
    top = share[k] > top ? share[k] : top;
  }
  for (int k = 0; k < n; k++)
    total += share[k] = exp((share[k] - top) / temperature);
  for (int k = 0; k < n; k++)
    share[k] /= total;
}

static void answer(Stream *stream) {
  const Model *model = stream->model;
  double *share = (double *)stream->work[0];
  for (int m = 0; m < model->n_members; m++)
    if (!stream->member[m].answered)
      return;
  shares_of(stream, 0, model->n_labels, model->temperature, share);
  double cry = 0.0;
  for (int k = 0; k < model->n_cries; k++)
    cry += share[model->cry_row[k]];
  stream->cry = (float)cry;
  if (!model->n_needs)
    return;
  shares_of(stream, 1, model->n_needs, model->need_temperature, share);
  for (int k = 0; k < model->n_needs; k++)
    stream->needs[k] = (float)share[k];
}

// Takes n frames (n, columns); writes what is known after each: cry (n,), needs (n, needs).
void baby_cry_stream_process(Stream *stream, const float *frames, int64_t n, float *cry,
                             float *needs) {
  const Model *model = stream->model;
  for (int64_t row = 0; row < n; row++, frames += model->n_columns) {
    int stepped = 0;
    for (int k = 0; k < model->n_read; k++)
      stream->nonfinite += !isfinite(frames[model->read_column[k]]);
    for (int m = 0; m < model->n_members; m++)
      stepped |= push(stream, m, frames);
    if (stepped)
      answer(stream);
    cry[row] = stream->cry;
    memcpy(needs + row * model->n_needs, stream->needs,
           sizeof(float) * (size_t)model->n_needs);
  }
}

