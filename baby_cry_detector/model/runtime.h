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
  int n_columns, n_labels, n_needs, n_cries, n_read, n_members, widest;
  double temperature, need_temperature;
  int *cry_row, *read_column;
  Member member[MAX_MEMBERS];
} Model;

typedef struct {
  float *pending, *labels, *needs;      // frames not yet stepped; the answers held
  int count, answered;
  LayerState layer[MAX_LAYERS];
  WindowState window;
} MemberState;

typedef struct {
  const Model *model;
  int64_t nonfinite;
  float cry, *needs, *work[2];
  MemberState member[MAX_MEMBERS];
  float memory[];
} Stream;

#endif
