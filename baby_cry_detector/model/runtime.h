// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// A checkpoint's members together; see runtime.py.

#ifndef BABY_CRY_RUNTIME_H
#define BABY_CRY_RUNTIME_H

#include "model.h"

#define MAX_MEMBERS 32

typedef struct {
  int is_statistics, inputs, stack, n_layers, n_dense, n_needs;
  int shares;                           // member whose window this one reads, else itself
  int *column;
  float *mean, *std;
  Layer layer[MAX_LAYERS];
  Window window;
  float *statistics_mean, *statistics_std;
  Matrix dense[MAX_LAYERS], label_head, need_head;
} Member;

typedef struct {
  int n_columns, n_labels, n_needs, n_cries, n_members, widest;
  double temperature, need_temperature;
  int *cry_row, *is_read;               // is_read: of each column, 0 or 1
  Member member[MAX_MEMBERS];
} Model;

#define ROWS 64                         // frames that are taken at a time
#define MOST_STEPS ROWS

typedef struct {
  float *pending;                       // (ROWS + stack, inputs): frames not yet stepped
  float *labels, *needs;                // the answers held
  float *step_labels, *step_needs;      // (MOST_STEPS, …) of the steps in these rows
  float *statistics;                    // (MOST_STEPS, 9 inputs) of a window that is its own
  int count, answered;                  // frames pending; whether it has ever stepped
  int steps;                            // in these rows
  LayerState layer[MAX_LAYERS];
  WindowState window;
} MemberState;

typedef struct {
  const Model *model;
  int64_t nonfinite;
  float cry, *needs;
  float *work[3];                       // (MOST_STEPS, widest) each
  double *share;
  MemberState member[MAX_MEMBERS];
  float memory[] __attribute__((aligned(64)));
} Stream;

// Frames of one stream and what comes of them.
typedef struct {
  Stream *stream;
  const float *frames;                  // (n, columns)
  int64_t n;
  float *cry, *needs;                   // (n,), (n, needs)
} Hearing;

// Takes all frames of some streams of one model, each at most once: steps are taken together.
void baby_cry_streams_process(Hearing *hearing, int64_t count);

#endif
