// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// One stream's samples, network and decision together; see listener.py.

#ifndef BABY_CRY_LISTENER_H
#define BABY_CRY_LISTENER_H

#include "../decision/decider.h"
#include "../features/extractor.h"
#include "../model/runtime.h"

#define LISTENER_ROWS 64        // frames that are taken at a time

typedef struct Listener Listener;

// Frames of one stream, and what came of them; the same struct as in compiled.py.
typedef struct {
  Listener *listener;
  const double *rows;           // (n, columns); where there is an extractor it makes them
  int64_t n, heard_ns, told_ns, period_ns, result;
  Extractor *extractor;         // or NULL
  const int16_t *samples;       // 32767 is full scale; they complete at most LISTENER_ROWS frames
  int64_t n_samples;
} ListenerTask;

Listener *baby_cry_listener_new(Stream *stream, Decider *decider, int64_t level, int64_t voicing,
                                int64_t has_needs, int64_t hop_ns);
void baby_cry_listener_free(Listener *listener);
void baby_cry_listeners_process(ListenerTask *task, int64_t count);
int64_t baby_cry_listener_go_on(Listener *listener, int64_t told_ns, int64_t period_ns);

#endif
