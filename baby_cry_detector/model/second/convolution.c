// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// A convolution of each channel with what follows it, in one pass; equations as in convolution.py.

#include "../model.h"

enum { NOTHING, RECTIFIED, HARD_SWISH };

FOR_EACH_WIDTH
void baby_cry_convolve(const Convolution *shape, const float *x, const float *kernel,
                       const float *bias, float *y) {
  const int64_t channels = shape->channels, size = shape->size;
  for (int64_t row = 0; row < shape->out_rows; row++)
    for (int64_t column = 0; column < shape->out_columns; column++, y += channels) {
      for (int64_t k = 0; k < channels; k++)
        y[k] = 0.0f;
      for (int64_t i = 0; i < size; i++)
        for (int64_t j = 0; j < size; j++) {
          const int64_t r = row * shape->stride + i - shape->top;
          const int64_t c = column * shape->stride + j - shape->left;
          if (r < 0 || r >= shape->rows || c < 0 || c >= shape->columns)
            continue;
          const float *weight = kernel + (i * size + j) * channels;
          const float *from = x + (r * shape->columns + c) * (shape->is_one ? 1 : channels);
          if (shape->is_one)
            for (int64_t k = 0; k < channels; k++)
              y[k] += from[0] * weight[k];
          else
            for (int64_t k = 0; k < channels; k++)
              y[k] += from[k] * weight[k];
        }
      for (int64_t k = 0; k < channels; k++) {
        float value = y[k] + bias[k];
        if (shape->activation == HARD_SWISH) {
          float gate = value * (1.0f / 6.0f) + 0.5f;
          gate = gate > 0.0f ? gate : 0.0f;
          value *= gate < 1.0f ? gate : 1.0f;
        } else if (shape->activation == RECTIFIED) {
          value = value > 0.0f ? value : 0.0f;
        }
        y[k] = value;
      }
    }
}
