// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Frames in, probabilities out, as runtime.py: a stream steps its members and averages them.

#include "../audio/aligned.h"
#include "runtime.h"

#include <float.h>
#include <math.h>
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
  const size_t widest = MOST_STEPS * PADDED((size_t)model->widest);
  const size_t labels = PADDED((size_t)model->n_labels), needs = PADDED((size_t)model->n_needs + 1);
  const size_t shares = PADDED(2 * (labels > needs ? labels : needs));
  for (int m = 0; m < model->n_members; m++) {
    const Member *member = &model->member[m];
    const size_t pending = PADDED((size_t)member->inputs * (size_t)(member->stack + ROWS));
    total += pending + (labels + needs) * (1 + MOST_STEPS);
    if (stream) {
      MemberState *state = &stream->member[m];
      state->pending = take(&memory, pending);
      state->labels = take(&memory, labels);
      state->needs = take(&memory, needs);
      state->step_labels = take(&memory, MOST_STEPS * labels);
      state->step_needs = take(&memory, MOST_STEPS * needs);
    }
    for (int k = 0; k < member->n_layers; k++) {
      const size_t floats = PADDED(layer_floats(&member->layer[k]));
      total += floats;
      if (stream)
        layer_place(&member->layer[k], &stream->member[m].layer[k], take(&memory, floats));
    }
    if (member->is_statistics && member->shares == m) {
      const size_t floats = PADDED(window_floats(&member->window));
      const size_t steps = PADDED((size_t)(ROWS / member->stack + 1) * (size_t)member->inputs
                                  * STATISTICS);
      total += floats + steps;
      if (stream) {
        window_place(&member->window, &stream->member[m].window, take(&memory, floats));
        stream->member[m].statistics = take(&memory, steps);
      }
    }
  }
  if (stream) {
    stream->needs = take(&memory, needs);
    for (int k = 0; k < 3; k++)
      stream->work[k] = take(&memory, widest);
    stream->share = (double *)take(&memory, shares);
  }
  return total + needs + 3 * widest + shares;
}

// Returns NULL where there is no memory. The model must outlive the stream.
Stream *baby_cry_stream_new(const Model *model) {
  const size_t floats = lay_out(model, NULL, NULL);
  Stream *stream = aligned_new(sizeof *stream + floats * sizeof(float));
  if (!stream)
    return NULL;
  stream->model = model;
  lay_out(model, stream, stream->memory);
  baby_cry_stream_reset(stream);
  return stream;
}

void baby_cry_stream_free(Stream *stream) { aligned_free(stream); }

int64_t baby_cry_stream_nonfinite(const Stream *stream) { return stream->nonfinite; }

// Vectors of all steps of all streams, for matrix_times.
typedef struct {
  int n;
  const float *x[MOST_STREAMS * MOST_STEPS];
  float *y[MOST_STREAMS * MOST_STEPS];
} Pairs;

static size_t width_of(const Model *model) { return PADDED((size_t)model->widest); }

// Takes n frames to what is pending; says how many steps there are in them.
FOR_EACH_WIDTH
static void collect(const Member *member, MemberState *state, const float *frame, int n,
                    int n_columns, int is_owner) {
  const int inputs = member->inputs;
  float *pending = state->pending + inputs * state->count;
  for (int row = 0; is_owner && row < n; row++, frame += n_columns, pending += inputs) {
    for (int i = 0; i < inputs; i++)
      pending[i] = frame[member->column[i]];
    for (int i = 0; i < inputs; i++) {
      const float value = (pending[i] - member->mean[i]) / member->std[i];
      const float sound = fabsf(value) <= FLT_MAX ? value : 0.0f;
      const float above = sound > -INPUT_LIMIT ? sound : -INPUT_LIMIT;
      pending[i] = above < INPUT_LIMIT ? above : INPUT_LIMIT;
    }
  }
  state->count += n;
  state->steps = state->count / member->stack;
}

// What remains of the frames when all steps have been taken.
static void keep_rest(const Member *member, MemberState *state) {
  const int taken = state->steps * member->stack;
  state->count -= taken;
  if (taken)
    memmove(state->pending, state->pending + member->inputs * taken,
            sizeof(float) * (size_t)(member->inputs * state->count));
}

// From the last layer's output, or the statistics, in work[which] to the logits of each step.
static void answer_heads(const Member *member, int m, Hearing *hearing, int count, int which,
                         Pairs *pairs) {
  const Model *model = hearing->stream->model;
  const size_t width = width_of(model), labels = PADDED((size_t)model->n_labels),
               needs = PADDED((size_t)model->n_needs + 1);
  for (int k = 0; k < member->n_dense; k++, which = (which + 1) % 3) {
    pairs->n = 0;
    for (int i = 0; i < count; i++)
      for (int s = 0; s < hearing[i].stream->member[m].steps; s++) {
        pairs->x[pairs->n] = hearing[i].stream->work[which] + (size_t)s * width;
        pairs->y[pairs->n++] = hearing[i].stream->work[(which + 1) % 3] + (size_t)s * width;
      }
    matrix_times(&member->dense[k], pairs->n, pairs->x, pairs->y, 0);
    for (int j = 0; j < pairs->n; j++)
      if (member->is_statistics)
        for (int i = 0; i < member->dense[k].rows; i++)
          pairs->y[j][i] = pairs->y[j][i] > 0.0f ? pairs->y[j][i] : 0.0f;
      else
        tanh_of(pairs->y[j], member->dense[k].rows);
  }
  for (int head = 0; head < (member->n_needs ? 2 : 1); head++) {
    pairs->n = 0;
    for (int i = 0; i < count; i++) {
      MemberState *state = &hearing[i].stream->member[m];
      for (int s = 0; s < state->steps; s++) {
        pairs->x[pairs->n] = hearing[i].stream->work[which] + (size_t)s * width;
        pairs->y[pairs->n++] = head ? state->step_needs + (size_t)s * needs
                                    : state->step_labels + (size_t)s * labels;
      }
    }
    matrix_times(head ? &member->need_head : &member->label_head, pairs->n, pairs->x, pairs->y, 0);
  }
}

static void step_network(const Member *member, int m, Hearing *hearing, int count, Pairs *pairs) {
  const size_t width = width_of(hearing->stream->model);
  for (int k = 0; k < member->n_layers; k++) {
    const Layer *layer = &member->layer[k];
    LayerState *state[MOST_STREAMS];
    float *z[MOST_STREAMS], *out[MOST_STREAMS];
    int most = 0;
    pairs->n = 0;
    for (int i = 0; i < count; i++) {
      Stream *stream = hearing[i].stream;
      const MemberState *own = &stream->member[m];
      most = own->steps > most ? own->steps : most;
      for (int s = 0; s < own->steps; s++) {
        pairs->x[pairs->n] = k ? stream->work[0] + (size_t)s * width
                               : own->pending + s * layer->inputs;
        pairs->y[pairs->n++] = stream->work[1] + (size_t)s * width;
      }
    }
    matrix_times(&layer->x, pairs->n, pairs->x, pairs->y, 0);
    for (int s = 0; s < most; s++) {
      int n = 0;
      for (int i = 0; i < count; i++) {
        Stream *stream = hearing[i].stream;
        if (s < stream->member[m].steps) {
          state[n] = &stream->member[m].layer[k];
          z[n] = stream->work[1] + (size_t)s * width;
          out[n++] = stream->work[0] + (size_t)s * width;
        }
      }
      layer_step(layer, n, state, z);
      for (int i = 0; i < n; i++)
        memcpy(out[i], state[i]->h, sizeof(float) * (size_t)layer->padded);
    }
  }
  answer_heads(member, m, hearing, count, 0, pairs);
}

FOR_EACH_WIDTH
static void normalise(const Member *member, const float *statistics, float *x) {
  for (int i = 0; i < member->inputs * STATISTICS; i++) {
    const float std = member->statistics_std[i];
    const float value = (statistics[i] - member->statistics_mean[i])
        / (std > SMALLEST_STD ? std : SMALLEST_STD);
    x[i] = value > STATISTIC_LIMIT ? STATISTIC_LIMIT
        : value < -STATISTIC_LIMIT ? -STATISTIC_LIMIT : value;
  }
}

static void step_statistics(const Member *member, int m, Hearing *hearing, int count,
                            Pairs *pairs) {
  const size_t size = (size_t)(member->inputs * STATISTICS);
  float *room = hearing->stream->member[member->shares].window.sorted;  // one place stays near
  for (int i = 0; i < count; i++) {
    Stream *stream = hearing[i].stream;
    MemberState *owner = &stream->member[member->shares];
    for (int s = 0; s < stream->member[m].steps; s++) {
      float *statistics = owner->statistics + (size_t)s * size;
      if (member->shares == m) {
        window_step(&member->window, &owner->window,
                    owner->pending + s * member->stack * member->inputs, room);
        memcpy(statistics, owner->window.statistics, sizeof(float) * size);
      }
      normalise(member, statistics, stream->work[0] + (size_t)s * width_of(stream->model));
    }
  }
  answer_heads(member, m, hearing, count, 0, pairs);
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
  double *share = stream->share;
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

// Answers after each of n rows, in which all members have stepped.
static void answer_rows(Hearing *hearing, int n) {
  Stream *stream = hearing->stream;
  const Model *model = stream->model;
  const size_t labels = PADDED((size_t)model->n_labels), needs = PADDED((size_t)model->n_needs + 1);
  int next[MAX_MEMBERS], done[MAX_MEMBERS] = {0};       // row of each member's next step
  for (int m = 0; m < model->n_members; m++) {
    const MemberState *state = &stream->member[m];
    next[m] = n - 1 - (state->count + (state->steps - 1) * model->member[m].stack);
  }
  for (int row = 0; row < n; row++) {
    int stepped = 0;
    for (int m = 0; m < model->n_members; m++) {
      MemberState *state = &stream->member[m];
      if (done[m] == state->steps || next[m] != row)
        continue;
      memcpy(state->labels, state->step_labels + (size_t)done[m] * labels, sizeof(float) * labels);
      memcpy(state->needs, state->step_needs + (size_t)done[m] * needs, sizeof(float) * needs);
      stepped = state->answered = 1;
      next[m] += model->member[m].stack;
      done[m]++;
    }
    if (stepped)
      answer(stream);
    *hearing->cry++ = stream->cry;
    memcpy(hearing->needs, stream->needs, sizeof(float) * (size_t)model->n_needs);
    hearing->needs += model->n_needs;
  }
}

static int rows_of(const Hearing *hearing) { return hearing->n < ROWS ? (int)hearing->n : ROWS; }

// How many numbers, of columns that are read, are NaN or infinite.
FOR_EACH_WIDTH
static int count_nonfinite(const Model *model, const float *frames, int n) {
  int count = 0;
  for (int row = 0; row < n; row++, frames += model->n_columns)
    for (int k = 0; k < model->n_columns; k++)
      count += model->is_read[k] & !(fabsf(frames[k]) <= FLT_MAX);
  return count;
}

// At most ROWS frames of at most MOST_STREAMS streams.
static void take_rows(Hearing *hearing, int count) {
  const Model *model = hearing->stream->model;
  Pairs pairs;
  for (int i = 0; i < count; i++)
    hearing[i].stream->nonfinite += count_nonfinite(model, hearing[i].frames, rows_of(hearing + i));
  for (int m = 0; m < model->n_members; m++) {
    const Member *member = &model->member[m];
    for (int i = 0; i < count; i++)
      collect(member, &hearing[i].stream->member[m], hearing[i].frames, rows_of(hearing + i),
              model->n_columns, member->shares == m);
    if (member->is_statistics)
      step_statistics(member, m, hearing, count, &pairs);
    else
      step_network(member, m, hearing, count, &pairs);
  }
  for (int i = 0; i < count; i++) {
    const int n = rows_of(hearing + i);
    for (int m = 0; m < model->n_members; m++)
      keep_rest(&model->member[m], &hearing[i].stream->member[m]);
    answer_rows(hearing + i, n);
    hearing[i].frames += n * model->n_columns;
    hearing[i].n -= n;
  }
}

void baby_cry_streams_process(Hearing *hearing, int64_t count) {
  for (int64_t first = 0; first < count; first += MOST_STREAMS) {
    const int64_t left = count - first;
    const int some = left < MOST_STREAMS ? (int)left : MOST_STREAMS;
    for (;;) {
      int is_done = 1;
      for (int i = 0; i < some; i++)
        is_done = is_done && hearing[first + i].n <= 0;
      if (is_done)
        break;
      take_rows(hearing + first, some);
    }
  }
}

// Takes n frames (n, columns); writes what is known after each: cry (n,), needs (n, needs).
void baby_cry_stream_process(Stream *stream, const float *frames, int64_t n, float *cry,
                             float *needs) {
  Hearing hearing = {stream, frames, n, cry, needs};
  baby_cry_streams_process(&hearing, 1);
}
