// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Builds a model out of a checkpoint's numbers. Every size is checked here again: a model that
// does not fit is refused, whoever asks.

#include "runtime.h"

#include <stdlib.h>
#include <string.h>

#define MAX_UNITS 16384
#define MAX_STACK 32
#define MAX_WINDOW 6000

// What a member is; the same struct as in compiled.py.
typedef struct {
  int32_t is_statistics, inputs, stack, window, cell, depth, strategy, activation, bias,
      gate_bias, n_layers, n_dense, n_needs, shares;
  const int32_t *column, *units, *dense_units;
  const float *mean, *std;
  const float *weights;         // all arrays one after the other, in the architecture's order
  int64_t n_weights;
} MemberTables;

// Reads the weights in order; `left` becomes negative where there are too few.
typedef struct {
  const float *next;
  int64_t left;
} Reader;

static const float *read(Reader *reader, int64_t count) {
  const float *found = reader->next;
  reader->left -= count;
  if (reader->left < 0)
    return NULL;
  reader->next += count;
  return found;
}

static void *copy(const void *data, size_t bytes) {
  void *made = malloc(bytes ? bytes : 1);
  if (made && bytes)
    memcpy(made, data, bytes);
  return made;
}

// Rows of `parts` equal parts, each padded.
static int put_rows(Matrix *matrix, Reader *reader, int parts, int units, int columns) {
  const float *from = read(reader, (int64_t)parts * units * columns);
  if (!from)
    return 0;
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < units; i++)
      for (int k = 0; k < columns; k++)
        matrix_put(matrix, part * PADDED(units) + i, k, *from++);
  return 1;
}

static int add_bias(Matrix *matrix, Reader *reader, int parts, int units) {
  const float *from = read(reader, (int64_t)parts * units);
  if (!from)
    return 0;
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < units; i++)
      matrix->bias[part * PADDED(units) + i] += *from++;
  return 1;
}

static int make_layer(Layer *layer, const MemberTables *t, int inputs, int units, Reader *reader) {
  layer->kind = (CellKind)t->cell;
  layer->strategy = (Strategy)t->strategy;
  layer->activation = (Activation)t->activation;
  layer->inputs = inputs;
  layer->units = units;
  layer->padded = PADDED(units);
  layer->depth = t->cell == ATTENTION ? t->depth : t->cell == GRU ? 0 : 1;
  const int parts = t->cell == ATTENTION ? 2 : t->cell == GRU ? 3 : 4;
  const int rows = parts * layer->padded;
  // The GRU's second biases stay apart: a gate stands before them.
  Matrix *second = t->cell == GRU ? &layer->h : &layer->x;
  if (!matrix_make(&layer->x, rows, inputs) || !matrix_make(&layer->h, rows, units)
      || !put_rows(&layer->x, reader, parts, units, inputs)
      || !put_rows(&layer->h, reader, parts, units, units))
    return 0;
  if (t->bias && !add_bias(&layer->x, reader, parts, units))
    return 0;
  if (t->bias && (t->cell == LSTM || t->cell == GRU) && !add_bias(second, reader, parts, units))
    return 0;
  if (t->cell == LSTM_PEEPHOLE) {
    const float *from = read(reader, 3 * (int64_t)units);
    layer->peephole = calloc((size_t)(3 * layer->padded), sizeof(float));
    if (!from || !layer->peephole)
      return 0;
    for (int part = 0; part < 3; part++)
      memcpy(layer->peephole + part * layer->padded, from + part * units,
             sizeof(float) * (size_t)units);
  }
  if (t->cell != ATTENTION)
    return 1;
  return matrix_make(&layer->gate_w, units, units) && matrix_make(&layer->gate_v, units, units)
      && put_rows(&layer->gate_w, reader, 1, units, units)
      && put_rows(&layer->gate_v, reader, 1, units, units)
      && (!t->gate_bias || add_bias(&layer->gate_v, reader, 1, units));
}

static int make_linear(Matrix *matrix, const MemberTables *t, int rows, int columns,
                       Reader *reader) {
  return matrix_make(matrix, rows, columns) && put_rows(matrix, reader, 1, rows, columns)
      && (!t->bias || add_bias(matrix, reader, 1, rows));
}

static int fits(const Model *model, const MemberTables *t) {
  int good = model->n_members < MAX_MEMBERS && t->inputs >= 1 && t->inputs <= MAX_UNITS
      && t->stack >= 1 && t->stack <= MAX_STACK && t->n_layers >= 0 && t->n_layers <= MAX_LAYERS
      && t->n_dense >= 0 && t->n_dense <= MAX_LAYERS && t->n_weights >= 0
      && (t->n_needs == 0 || t->n_needs == model->n_needs);
  if (t->is_statistics)
    good = good && t->window >= t->stack && t->window <= MAX_WINDOW && t->n_layers == 0
        && t->shares >= 0 && t->shares <= model->n_members;
  else
    good = good && t->cell >= ATTENTION && t->cell <= GRU && t->depth >= 1
        && t->depth <= MAX_DEPTH && t->strategy >= CASCADE && t->strategy <= SOFTMAX
        && t->activation >= SIGMOID && t->activation <= UNIT_SOFTMAX && t->n_layers >= 1
        && t->shares == model->n_members;
  for (int i = 0; good && i < t->inputs; i++)
    good = t->column[i] >= 0 && t->column[i] < model->n_columns && t->std[i] > 0;
  for (int k = 0; good && k < t->n_layers; k++)
    good = t->units[k] >= 1 && t->units[k] <= MAX_UNITS;
  for (int k = 0; good && k < t->n_dense; k++)
    good = t->dense_units[k] >= 1 && t->dense_units[k] <= MAX_UNITS;
  if (good && t->is_statistics && t->shares < model->n_members) {
    const Member *owner = &model->member[t->shares];
    good = owner->is_statistics && owner->shares == t->shares && owner->inputs == t->inputs
        && owner->stack == t->stack && owner->window.window == t->window;
  }
  return good;
}

static void widen(Model *model, int size) {
  model->widest = size > model->widest ? size : model->widest;
}

static int fill(Model *model, Member *member, const MemberTables *t) {
  Reader reader = {t->weights, t->n_weights};
  const size_t floats = sizeof(float) * (size_t)t->inputs;
  member->is_statistics = t->is_statistics;
  member->inputs = t->inputs;
  member->stack = t->stack;
  member->n_layers = t->n_layers;
  member->n_dense = t->n_dense;
  member->n_needs = t->n_needs;
  member->shares = t->shares;
  member->column = copy(t->column, sizeof(int32_t) * (size_t)t->inputs);
  member->mean = copy(t->mean, floats);
  member->std = copy(t->std, floats);
  if (!member->column || !member->mean || !member->std)
    return 0;
  int size = t->inputs * t->stack;
  if (t->is_statistics) {
    member->window = (Window){t->inputs, t->window, t->stack};
    size = t->inputs * STATISTICS;
    const float *mean = read(&reader, size), *std = read(&reader, size);
    if (!mean || !std)
      return 0;
    member->statistics_mean = copy(mean, sizeof(float) * (size_t)size);
    member->statistics_std = copy(std, sizeof(float) * (size_t)size);
    if (!member->statistics_mean || !member->statistics_std)
      return 0;
  }
  widen(model, size);
  for (int k = 0; k < t->n_layers; size = t->units[k++]) {
    if (!make_layer(&member->layer[k], t, size, t->units[k], &reader))
      return 0;
    widen(model, member->layer[k].x.rows);
  }
  for (int k = 0; k < t->n_dense; size = t->dense_units[k++]) {
    widen(model, t->dense_units[k]);
    if (!make_linear(&member->dense[k], t, t->dense_units[k], size, &reader))
      return 0;
  }
  return make_linear(&member->label_head, t, model->n_labels, size, &reader)
      && (!t->n_needs || make_linear(&member->need_head, t, t->n_needs, size, &reader))
      && reader.left == 0;
}

void baby_cry_model_free(Model *model) {
  for (int m = 0; m < MAX_MEMBERS; m++) {
    Member *member = &model->member[m];
    for (int k = 0; k < MAX_LAYERS; k++) {
      Layer *layer = &member->layer[k];
      matrix_free(&layer->x);
      matrix_free(&layer->h);
      matrix_free(&layer->gate_w);
      matrix_free(&layer->gate_v);
      free(layer->peephole);
      matrix_free(&member->dense[k]);
    }
    matrix_free(&member->label_head);
    matrix_free(&member->need_head);
    free(member->column);
    free(member->mean);
    free(member->std);
    free(member->statistics_mean);
    free(member->statistics_std);
  }
  free(model->cry_row);
  free(model->is_read);
  free(model);
}

// Returns NULL where a size does not fit or there is no memory.
Model *baby_cry_model_new(int32_t n_columns, int32_t n_labels, int32_t n_needs,
                          double temperature, double need_temperature, int32_t n_cries,
                          const int32_t *cry_row, int32_t n_read, const int32_t *read_column) {
  if (n_columns < 1 || n_labels < 1 || n_labels > MAX_UNITS || n_needs < 0
      || n_needs > MAX_UNITS || n_cries < 1 || n_cries > n_labels || n_read < 0
      || n_read > n_columns || !(temperature > 0) || !(need_temperature > 0))
    return NULL;
  for (int k = 0; k < n_cries; k++)
    if (cry_row[k] < 0 || cry_row[k] >= n_labels)
      return NULL;
  for (int k = 0; k < n_read; k++)
    if (read_column[k] < 0 || read_column[k] >= n_columns)
      return NULL;
  Model *model = calloc(1, sizeof *model);
  if (!model)
    return NULL;
  model->n_columns = n_columns;
  model->n_labels = n_labels;
  model->n_needs = n_needs;
  model->temperature = temperature;
  model->need_temperature = need_temperature;
  model->n_cries = n_cries;
  model->widest = n_labels > n_needs ? n_labels : n_needs;
  model->cry_row = copy(cry_row, sizeof(int32_t) * (size_t)n_cries);
  model->is_read = calloc((size_t)n_columns, sizeof *model->is_read);
  if (!model->cry_row || !model->is_read) {
    baby_cry_model_free(model);
    return NULL;
  }
  for (int k = 0; k < n_read; k++)
    model->is_read[read_column[k]] = 1;
  return model;
}

// Adds a member; returns 0 where it does not fit or there is no memory: the model can then only
// be freed.
int32_t baby_cry_model_add(Model *model, const MemberTables *tables) {
  if (!fits(model, tables) || !fill(model, &model->member[model->n_members], tables))
    return 0;
  model->n_members++;
  return 1;
}
