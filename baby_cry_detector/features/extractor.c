// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Samples in, complete rows out, as `extractor.py`: any block size, bounded state.

#include "sets/sets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 1024
#define SAMPLE_LIMIT 1e6
#define SAMPLE_TINY 1e-30
#define OWED 4                  // most rows that a stream can owe at its end

typedef enum { CEPSTRA20, CRY, IS09 } Kind;

typedef struct {
  Kind kind;
  int width, kept;
  double buffer[WINDOW + CHUNK];
  union { Cepstra20 cepstra20; Cry cry; Is09 is09; } set;
} Extractor;

void baby_cry_extractor_reset(Extractor *extractor) {
  extractor->kept = 0;
  switch (extractor->kind) {
    case CEPSTRA20: cepstra20_reset(&extractor->set.cepstra20); break;
    case CRY: cry_reset(&extractor->set.cry); break;
    case IS09: is09_reset(&extractor->set.is09); break;
  }
}

static Extractor *finish_new(Extractor *extractor, Kind kind, int width, int is_good) {
  if (!is_good) {
    free(extractor);
    return NULL;
  }
  extractor->kind = kind;
  extractor->width = width;
  baby_cry_extractor_reset(extractor);
  return extractor;
}

// Each returns NULL where a table does not fit or there is no memory.
Extractor *baby_cry_extractor_cepstra20(const CepstraTables *tables) {
  Extractor *made = calloc(1, sizeof *made);
  return made ? finish_new(made, CEPSTRA20, 2 * tables->coefficients,
                           cepstra20_set(&made->set.cepstra20, tables)) : NULL;
}

Extractor *baby_cry_extractor_cry(const CryTables *tables) {
  Extractor *made = calloc(1, sizeof *made);
  return made ? finish_new(made, CRY, 2 * tables->cepstra.coefficients + 2 * CRY_SMOOTHED + 4,
                           cry_set(&made->set.cry, tables)) : NULL;
}

Extractor *baby_cry_extractor_is09(const Is09Tables *tables) {
  Extractor *made = calloc(1, sizeof *made);
  return made ? finish_new(made, IS09, 32, is09_set(&made->set.is09, tables)) : NULL;
}

void baby_cry_extractor_free(Extractor *extractor) { free(extractor); }

// Rows that n more samples complete at most.
int64_t baby_cry_extractor_rows(const Extractor *extractor, int64_t n) {
  const int64_t samples = extractor->kept + n;
  return samples < WINDOW ? 0 : (samples - WINDOW) / HOP + 1;
}

static int step(Extractor *extractor, const double *samples, double *row) {
  switch (extractor->kind) {
    case CEPSTRA20: cepstra20_step(&extractor->set.cepstra20, samples, row); return 1;
    case CRY: return cry_step(&extractor->set.cry, samples, row);
    case IS09: return is09_step(&extractor->set.is09, samples, row);
  }
  return 0;
}

// Takes n samples, writes the rows that they complete, at most baby_cry_extractor_rows(n) of
// them; adds to *wrong how many were not sound. Returns the number of rows.
int64_t baby_cry_extractor_process(Extractor *extractor, const double *samples, int64_t n,
                                   double *rows, int64_t *wrong) {
  int64_t count = 0;
  while (n > 0) {
    const int taken = n < CHUNK ? (int)n : CHUNK;
    double *end = extractor->buffer + extractor->kept;
    for (int i = 0; i < taken; i++) {
      const double magnitude = fabs(samples[i]);
      const int is_wrong = !(magnitude <= SAMPLE_LIMIT);
      *wrong += is_wrong;
      end[i] = is_wrong || magnitude < SAMPLE_TINY ? 0.0 : samples[i];
    }
    samples += taken;
    n -= taken;
    const int held = extractor->kept + taken;
    int start = 0;
    for (; start + WINDOW <= held; start += HOP)
      count += step(extractor, extractor->buffer + start, rows + count * extractor->width);
    extractor->kept = held - start;
    memmove(extractor->buffer, extractor->buffer + start,
            sizeof(double) * (size_t)extractor->kept);
  }
  return count;
}

// Writes the rows still owed, at most four, and returns their number; then reset.
int64_t baby_cry_extractor_flush(Extractor *extractor, double *rows) {
  int64_t count = 0;
  for (int n = 0; n < OWED; n++) {
    double *row = rows + count * extractor->width;
    if (extractor->kind == CRY)
      count += cry_finish(&extractor->set.cry, n, row);
    else if (extractor->kind == IS09 && n < 3)
      count += smooth_finish(&extractor->set.is09.smooth, n, row);
  }
  return count;
}
