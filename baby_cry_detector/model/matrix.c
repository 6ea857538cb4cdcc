// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "../audio/aligned.h"
#include "model.h"

#include <math.h>
#include <string.h>

#define BLOCK 32
#define TILE 128                // columns whose weights stay near while all vectors are taken

typedef float Lanes __attribute__((vector_size(4 * LANES)));

int matrix_make(Matrix *matrix, int rows, int columns) {
  matrix->rows = PADDED(rows);
  matrix->columns = columns;
  const size_t weights = (size_t)matrix->rows * (size_t)columns, count = weights
      + (size_t)matrix->rows;
  float *memory = aligned_new(count * sizeof(float));
  matrix->weight = memory;
  matrix->bias = memory ? memory + weights : NULL;
  return memory != NULL;
}

void matrix_free(Matrix *matrix) {
  aligned_free(matrix->weight);
  matrix->weight = NULL;
}

static size_t place(const Matrix *matrix, int row, int column) {
  const int whole = matrix->rows / BLOCK * BLOCK, width = row < whole ? BLOCK : LANES;
  const int block = row < whole ? row / BLOCK * BLOCK : row / LANES * LANES;
  return (size_t)block * (size_t)matrix->columns + (size_t)column * (size_t)width
      + (size_t)(row - block);
}

void matrix_put(Matrix *matrix, int row, int column, float value) {
  matrix->weight[place(matrix, row, column)] = value;
}

#define LOAD(into, from) memcpy(&into, from, sizeof into)
#define STORE(to, from) memcpy(to, &from, sizeof from)

// 32 rows of two products: each weight is loaded once for both.
__attribute__((always_inline))
static inline void two_products(const float *w, int columns, const float *x, const float *other_x,
                                const float *start, const float *other_start, float *y,
                                float *other_y) {
  Lanes a, b, c, d, e, f, g, h, wa, wb, wc, wd;
  LOAD(a, start);
  LOAD(b, start + LANES);
  LOAD(c, start + 2 * LANES);
  LOAD(d, start + 3 * LANES);
  LOAD(e, other_start);
  LOAD(f, other_start + LANES);
  LOAD(g, other_start + 2 * LANES);
  LOAD(h, other_start + 3 * LANES);
  for (int k = 0; k < columns; k++, w += BLOCK) {
    const float value = x[k], other = other_x[k];
    LOAD(wa, w);
    LOAD(wb, w + LANES);
    LOAD(wc, w + 2 * LANES);
    LOAD(wd, w + 3 * LANES);
    a += wa * value;
    b += wb * value;
    c += wc * value;
    d += wd * value;
    e += wa * other;
    f += wb * other;
    g += wc * other;
    h += wd * other;
  }
  STORE(y, a);
  STORE(y + LANES, b);
  STORE(y + 2 * LANES, c);
  STORE(y + 3 * LANES, d);
  STORE(other_y, e);
  STORE(other_y + LANES, f);
  STORE(other_y + 2 * LANES, g);
  STORE(other_y + 3 * LANES, h);
}

// 8 rows of four products.
__attribute__((always_inline))
static inline void four_products(const float *w, int columns, const float *const *x,
                                 float *const *y, int row, const float *bias) {
  Lanes a, b, c, d, wa;
  LOAD(a, bias ? bias : y[0] + row);
  LOAD(b, bias ? bias : y[1] + row);
  LOAD(c, bias ? bias : y[2] + row);
  LOAD(d, bias ? bias : y[3] + row);
  for (int k = 0; k < columns; k++) {
    LOAD(wa, w + LANES * k);
    a += wa * x[0][k];
    b += wa * x[1][k];
    c += wa * x[2][k];
    d += wa * x[3][k];
  }
  STORE(y[0] + row, a);
  STORE(y[1] + row, b);
  STORE(y[2] + row, c);
  STORE(y[3] + row, d);
}

__attribute__((always_inline))
static inline void one_product(const float *w, int columns, const float *x, const float *start,
                               float *y) {
  Lanes a, b, c, d, wa, wb, wc, wd;
  LOAD(a, start);
  LOAD(b, start + LANES);
  LOAD(c, start + 2 * LANES);
  LOAD(d, start + 3 * LANES);
  for (int k = 0; k < columns; k++, w += BLOCK) {
    const float value = x[k];
    LOAD(wa, w);
    LOAD(wb, w + LANES);
    LOAD(wc, w + 2 * LANES);
    LOAD(wd, w + 3 * LANES);
    a += wa * value;
    b += wb * value;
    c += wc * value;
    d += wd * value;
  }
  STORE(y, a);
  STORE(y + LANES, b);
  STORE(y + 2 * LANES, c);
  STORE(y + 3 * LANES, d);
}

FOR_EACH_WIDTH
void matrix_times(const Matrix *matrix, int n, const float *const *x, float *const *y,
                  int is_added) {
  const float *w = matrix->weight;
  const int columns = matrix->columns;
  // One vector takes each weight once, as it comes: nothing has to stay near.
  const int tile = n == 1 ? columns : TILE;
  int row = 0;
  for (; row + BLOCK <= matrix->rows; row += BLOCK)
    for (int from = 0; from < columns; from += tile) {
      const int some = columns - from < tile ? columns - from : tile;
      const float *bias = is_added || from ? NULL : matrix->bias + row;
      int i = 0;
      for (; i + 1 < n; i += 2)
        two_products(w, some, x[i] + from, x[i + 1] + from, bias ? bias : y[i] + row,
                     bias ? bias : y[i + 1] + row, y[i] + row, y[i + 1] + row);
      if (i < n)
        one_product(w, some, x[i] + from, bias ? bias : y[i] + row, y[i] + row);
      w += BLOCK * some;
    }
  for (; row < matrix->rows; row += LANES, w += LANES * columns) {
    int i = 0;
    for (; i + 3 < n; i += 4)
      four_products(w, columns, x + i, y + i, row, is_added ? NULL : matrix->bias + row);
    for (; i < n; i++) {
      Lanes a, wa;
      LOAD(a, is_added ? y[i] + row : matrix->bias + row);
      for (int k = 0; k < columns; k++) {
        LOAD(wa, w + LANES * k);
        a += wa * x[i][k];
      }
      STORE(y[i] + row, a);
    }
  }
}

// exp(x) for x from -87 to 0: 2^n times a polynomial of degree 7 for the rest, 2e-7 relative.
static inline float exp_below(float x) {
  const float scaled = x * 1.44269504f;
  const float whole = (scaled + 12582912.0f) - 12582912.0f;     // to the nearest
  const float r = (scaled - whole) * 0.693147181f;
  const float p = 1.0f + r * (1.0f + r * (0.5f + r * (1.66666667e-1f + r * (4.16666667e-2f
      + r * (8.33333333e-3f + r * (1.38888889e-3f + r * 1.98412698e-4f))))));
  const int32_t bits = ((int32_t)whole + 127) * (1 << 23);
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

FOR_EACH_WIDTH
void tanh_of(float *x, int n) {
  for (int i = 0; i < n; i++) {
    const float size = fabsf(x[i]), limited = size < 20.0f ? size : 20.0f;
    const float e = exp_below(-2.0f * limited);
    x[i] = copysignf((1.0f - e) / (1.0f + e), x[i]);
  }
}

FOR_EACH_WIDTH
void sigmoid_of(float *x, int n) {
  for (int i = 0; i < n; i++) {
    const float size = fabsf(x[i]), limited = size < 80.0f ? size : 80.0f;
    const float e = exp_below(-limited), low = e / (1.0f + e);
    x[i] = x[i] < 0 ? low : 1.0f - low;
  }
}
