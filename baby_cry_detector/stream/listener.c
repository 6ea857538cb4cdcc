// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Samples or frames in, decisions out, as listener.py: descriptors, network and decision of a
// stream in one call.

#include "listener.h"

#include <math.h>
#include <stdlib.h>

#define NOTHING 0               // all steps are taken, and there is nothing to say
#define SAY_AND_GO_ON 1         // the decision is to be told; then `baby_cry_listener_go_on`
#define SAY 2                   // the same, and all steps are taken
#define REFUSED (-1)            // a time out of range
#define TOO_LONG (-2)           // more samples than are taken at a time

struct Listener {
  Stream *stream;
  Decider *decider;
  int64_t n_columns, level, voicing, has_needs, hop_ns;         // columns, or -1
  int64_t n, taken;
  int64_t time_ns[LISTENER_ROWS];
  double cry[LISTENER_ROWS], loud[LISTENER_ROWS], voiced[LISTENER_ROWS], *needs;
  float heard[LISTENER_ROWS], *need, *frames;
  double *rows;                 // (LISTENER_ROWS, columns) of the extractor
};

void baby_cry_listener_free(Listener *listener) {
  free(listener->needs);
  free(listener->need);
  free(listener->frames);
  free(listener->rows);
  free(listener);
}

// Returns NULL where something does not fit or there is no memory. The stream and the decider must
// outlive it.
Listener *baby_cry_listener_new(Stream *stream, Decider *decider, int64_t level, int64_t voicing,
                                int64_t has_needs, int64_t hop_ns) {
  const int64_t n_columns = stream->model->n_columns, n_needs = stream->model->n_needs;
  if (level < -1 || level >= n_columns || voicing < -1 || voicing >= n_columns
      || (has_needs && decider->n_needs != n_needs))
    return NULL;
  Listener *made = calloc(1, sizeof *made);
  if (!made)
    return NULL;
  made->stream = stream;
  made->decider = decider;
  made->n_columns = n_columns;
  made->level = level;
  made->voicing = voicing;
  made->has_needs = has_needs;
  made->hop_ns = hop_ns;
  made->needs = calloc((size_t)(LISTENER_ROWS * n_needs + 1), sizeof(double));
  made->need = calloc((size_t)(LISTENER_ROWS * n_needs + 1), sizeof(float));
  made->frames = calloc((size_t)(LISTENER_ROWS * n_columns), sizeof(float));
  made->rows = calloc((size_t)(LISTENER_ROWS * n_columns), sizeof(double));
  if (made->needs && made->need && made->frames && made->rows)
    return made;
  baby_cry_listener_free(made);
  return NULL;
}

// Takes further steps until there is something to say.
int64_t baby_cry_listener_go_on(Listener *listener, int64_t told_ns, int64_t period_ns) {
  Decider *decider = listener->decider;
  const int64_t at = listener->taken, left = listener->n - at;
  if (left <= 0)
    return NOTHING;
  const int64_t run = baby_cry_decider_run(
      decider, left, listener->time_ns + at, listener->cry + at,
      listener->has_needs ? listener->needs + at * decider->n_needs : NULL,
      listener->level < 0 ? NULL : listener->loud + at,
      listener->voicing < 0 ? NULL : listener->voiced + at, told_ns, period_ns);
  if (run <= 0)
    return REFUSED;
  listener->taken += run;
  if (run < left)
    return SAY_AND_GO_ON;
  const int64_t since_ns = decider->stamp_ns - told_ns;
  return decider->changed || (period_ns >= 0 && (since_ns < 0 || since_ns >= period_ns))
      ? SAY : NOTHING;
}

// The frames that samples complete.
static void extract(ListenerTask *task) {
  Listener *listener = task->listener;
  task->rows = listener->rows;
  task->n = 0;
  if (baby_cry_extractor_width(task->extractor) != listener->n_columns
      || baby_cry_extractor_rows(task->extractor, task->n_samples) > LISTENER_ROWS) {
    task->result = TOO_LONG;
    return;
  }
  task->n = baby_cry_extractor_pcm16(task->extractor, task->samples, task->n_samples,
                                     listener->rows);
}

// Before the networks step: frames in single precision. After it: what the decider takes.
static void begin(ListenerTask *task, Hearing *hearing) {
  Listener *listener = task->listener;
  task->result = NOTHING;
  if (task->extractor)
    extract(task);
  const int64_t n = task->n < LISTENER_ROWS ? task->n : LISTENER_ROWS;
  for (int64_t k = 0; k < n * listener->n_columns; k++)
    listener->frames[k] = (float)task->rows[k];
  *hearing = (Hearing){listener->stream, listener->frames, n, listener->heard, listener->need};
  listener->n = n;
  listener->taken = 0;
}

static void finish(ListenerTask *task) {
  Listener *listener = task->listener;
  const int64_t n_needs = listener->stream->model->n_needs;
  for (int64_t row = 0; row < listener->n; row++) {
    const float *frame = listener->frames + row * listener->n_columns;
    listener->time_ns[row] = task->heard_ns + row * listener->hop_ns;
    listener->cry[row] = listener->heard[row];
    listener->loud[row] = listener->level < 0 ? NAN : frame[listener->level];
    listener->voiced[row] = listener->voicing < 0 ? NAN : frame[listener->voicing];
    for (int64_t k = 0; listener->has_needs && k < n_needs; k++)
      listener->needs[row * n_needs + k] = listener->need[row * n_needs + k];
  }
  if (task->result == NOTHING)
    task->result = baby_cry_listener_go_on(listener, task->told_ns, task->period_ns);
}

// Takes the samples, or the rows, of some streams, at most LISTENER_ROWS rows of each, each stream
// once; the networks of streams that share a model step together. Then each decider runs until
// there is something to say: `result`.
void baby_cry_listeners_process(ListenerTask *task, int64_t count) {
  Hearing hearing[MOST_STREAMS];
  for (int64_t first = 0, some; first < count; first += some) {
    const Model *model = task[first].listener->stream->model;
    for (some = 0; some < MOST_STREAMS && first + some < count
         && task[first + some].listener->stream->model == model; some++)
      begin(task + first + some, hearing + some);
    baby_cry_streams_process(hearing, some);
    for (int64_t k = first; k < first + some; k++)
      finish(task + k);
  }
}
