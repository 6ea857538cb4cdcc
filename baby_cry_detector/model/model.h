// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The networks in compiled code. A model is made once and never changes, so that many streams
// share it; a stream is one allocation that holds all that changes. Numbers are float32.

#ifndef BABY_CRY_MODEL_H
#define BABY_CRY_MODEL_H

#include <stddef.h>
#include <stdint.h>

// The same source for every width of registers; more lanes give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__) && !defined(ONE_WIDTH)
#define FOR_EACH_WIDTH __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_WIDTH
#endif

#define LANES 8                 // units of a layer are padded to a multiple of it
#define PADDED(n) (((n) + LANES - 1) / LANES * LANES)
#define MAX_DEPTH 16
#define MAX_LAYERS 16

// --- matrix.c ----------------------------------------------------------------------------------
// y = W x + b. Rows lie in blocks of 32 (the last in blocks of 8), a block column by column, so
// that the weights are read once, in order, and the sums stay in registers.
typedef struct {
  int rows, columns;            // rows padded
  float *weight, *bias;
} Matrix;
// Takes memory for a matrix of zeros; 0 where there is none.
int matrix_make(Matrix *matrix, int rows, int columns);
void matrix_free(Matrix *matrix);
void matrix_put(Matrix *matrix, int row, int column, float value);
// y[i] = W x[i] + b for n vectors at once; or, `is_added`, y[i] += W x[i].
void matrix_times(const Matrix *matrix, int n, const float *const *x, float *const *y,
                  int is_added);
// In place, n a multiple of LANES or not.
void tanh_of(float *x, int n);
void sigmoid_of(float *x, int n);

// --- cells/*.c ---------------------------------------------------------------------------------
typedef enum { ATTENTION, LSTM, LSTM_PEEPHOLE, GRU } CellKind;
typedef enum { CASCADE, MEAN, SOFTMAX } Strategy;
typedef enum { SIGMOID, HARD_SIGMOID, UNIT_SOFTMAX } Activation;

typedef struct {
  CellKind kind;
  Strategy strategy;
  Activation activation;
  int inputs, units, padded, depth;     // depth: memories carried
  Matrix x, h;                          // of the input, with the biases; of the output before
  Matrix gate_w, gate_v;
  float *peephole;                      // (3, padded) or NULL
} Layer;

// What a layer remembers, and room for a step; pointers into the stream's memory.
typedef struct {
  float *h;                             // (padded)
  float *memory[MAX_DEPTH];             // C_{t-1} … C_{t-L}, newest first
  float *gate[MAX_DEPTH];               // a of each memory, or its score
  int stale;                            // newest memories whose gate is not known
  float *work, *mixed;                  // (3 padded), (padded)
} LayerState;

size_t layer_floats(const Layer *layer);
void layer_place(const Layer *layer, LayerState *state, float *memory);
void layer_reset(const Layer *layer, LayerState *state);
#define MOST_STREAMS 32                 // that step together
// One step of n streams, at most MOST_STREAMS: z[i] holds W x + b of the input; then state[i]->h is
// the output. z is used up.
void attention_gate_step(const Layer *layer, int n, LayerState *const *state, float *const *z);
void lstm_step(const Layer *layer, int n, LayerState *const *state, float *const *z);
void gru_step(const Layer *layer, int n, LayerState *const *state, float *const *z);
void layer_step(const Layer *layer, int n, LayerState *const *state, float *const *z);

// --- recent_statistics.c -----------------------------------------------------------------------
#define QUANTILES 5
#define STATISTICS (QUANTILES + 4)
typedef struct {
  int inputs, window, period;
} Window;
typedef struct {
  float *frames, *sorted, *statistics, *work;   // (window, F) twice, (9, F), (F,)
  int count, next;                              // frames that count; row of the oldest
} WindowState;
size_t window_floats(const Window *window);
void window_place(const Window *window, WindowState *state, float *memory);
void window_reset(const Window *window, WindowState *state);
// Takes `period` frames (period, F) and makes the statistics anew; `room` is any stream's `sorted`.
void window_step(const Window *window, WindowState *state, const float *frames, float *room);

// --- second/convolution.c -----------------------------------------------------------------------
// y (out_rows, out_columns, channels) from x (rows, columns, 1 or channels) and kernel (size, size,
// channels); `top` and `left` rows and columns of zeros come before x, as many as needed after it.
typedef struct {
  int64_t rows, columns, is_one, channels, size, stride, top, left, out_rows, out_columns;
  int64_t activation;
} Convolution;
void baby_cry_convolve(const Convolution *shape, const float *x, const float *kernel,
                       const float *bias, float *y);

#endif
