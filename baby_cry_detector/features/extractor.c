// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Samples in, complete rows out, as `extractor.py`: any block size, bounded state.

#include "extractor.h"

#include "../audio/aligned.h"

#include <math.h>
#include <string.h>

#define CHUNK 1024
#define SAMPLE_LIMIT 1e6
#define SAMPLE_TINY 1e-30
#define FULL_SCALE 32767.0      // of 16-bit samples
#define OWED 4                  // most rows that a set can owe at its end

typedef enum { CEPSTRA20, CRY, IS09 } Kind;

// What streams of one kind share.
typedef struct {
  FrontEndShared front_end;
  union { Cepstra20Shared cepstra20; CryShared cry; Is09Shared is09; } set;
} Shared;

struct Extractor {
  Kind kind;
  int width, kept, has_front_end, is_like;
  Shared *shared;               // of the first of its kind
  FrontEnd front_end;
  double before[WINDOW];        // `kept` samples of frames that are not whole
  union { Cepstra20 cepstra20; Cry cry; Is09 is09; } set;
};

void baby_cry_extractor_reset(Extractor *extractor) {
  extractor->kept = 0;
  front_end_reset(&extractor->front_end);
  switch (extractor->kind) {
    case CEPSTRA20: cepstra20_reset(&extractor->set.cepstra20); break;
    case CRY: cry_reset(&extractor->set.cry); break;
    case IS09: is09_reset(&extractor->set.is09); break;
  }
}

static Extractor *begin_new(Kind kind) {
  Extractor *made = aligned_new(sizeof *made);
  if (made && !(made->shared = aligned_new(sizeof *made->shared))) {
    aligned_free(made);
    return NULL;
  }
  if (made)
    made->kind = kind;
  return made;
}

static Extractor *finish_new(Extractor *extractor, int width, int is_good) {
  if (!is_good) {
    baby_cry_extractor_free(extractor);
    return NULL;
  }
  extractor->width = width;
  baby_cry_extractor_reset(extractor);
  return extractor;
}

// Each returns NULL where a table does not fit or there is no memory.
Extractor *baby_cry_extractor_cepstra20(const CepstraTables *tables) {
  Extractor *made = begin_new(CEPSTRA20);
  return made ? finish_new(made, 2 * tables->coefficients, cepstra20_set(
      &made->set.cepstra20, tables, &made->shared->set.cepstra20)) : NULL;
}

Extractor *baby_cry_extractor_cry(const CryTables *tables) {
  Extractor *made = begin_new(CRY);
  return made ? finish_new(made, 2 * tables->cepstra.coefficients + 2 * CRY_SMOOTHED + 4,
                           cry_set(&made->set.cry, tables, &made->shared->set.cry)) : NULL;
}

Extractor *baby_cry_extractor_is09(const Is09Tables *tables) {
  Extractor *made = begin_new(IS09);
  return made ? finish_new(made, 32, is09_set(&made->set.is09, tables, &made->shared->set.is09))
      : NULL;
}

// What stands before framing, once; returns 0 where a table does not fit.
int32_t baby_cry_extractor_front_end(Extractor *extractor, const FrontEndTables *tables) {
  if (extractor->has_front_end)
    return 0;
  extractor->has_front_end = front_end_set(&extractor->front_end, tables,
                                           &extractor->shared->front_end);
  return extractor->has_front_end;
}

// Another stream of the same kind, which shares what the first has: that one must outlive it.
// NULL where there is no memory.
Extractor *baby_cry_extractor_like(const Extractor *first) {
  Extractor *made = aligned_new(sizeof *made);
  if (!made)
    return NULL;
  memcpy(made, first, sizeof *made);
  made->is_like = 1;
  baby_cry_extractor_reset(made);
  return made;
}

void baby_cry_extractor_free(Extractor *extractor) {
  if (!extractor->is_like)
    aligned_free(extractor->shared);
  aligned_free(extractor);
}

// Columns of a row.
int64_t baby_cry_extractor_width(const Extractor *extractor) { return extractor->width; }

// Rows that n more samples complete at most.
int64_t baby_cry_extractor_rows(const Extractor *extractor, int64_t n) {
  const int64_t samples = extractor->kept + extractor->front_end.owed + n;
  return samples < WINDOW ? 0 : (samples - WINDOW) / HOP + 1;
}

static int steps(Extractor *extractor, const double *samples, int n, double *rows) {
  switch (extractor->kind) {
    case CEPSTRA20: return cepstra20_steps(&extractor->set.cepstra20, samples, n, rows);
    case CRY: return cry_steps(&extractor->set.cry, samples, n, rows);
    case IS09: return is09_steps(&extractor->set.is09, samples, n, rows);
  }
  return 0;
}

// Makes the rows of the samples that are held, and keeps what later ones need.
static int64_t frames(Extractor *extractor, const double *samples, int held, double *rows) {
  int64_t count = 0;
  int start = 0;
  while (start + WINDOW <= held) {
    const int whole = (held - start - WINDOW) / HOP + 1, group = whole < GROUP ? whole : GROUP;
    count += steps(extractor, samples + start, group, rows + count * extractor->width);
    start += group * HOP;
  }
  extractor->kept = held - start;
  memcpy(extractor->before, samples + start, sizeof(double) * (size_t)extractor->kept);
  return count;
}

// The same of n more samples, at most CHUNK, all of them sound.
static int64_t take(Extractor *extractor, const double *sound, int n, double *rows) {
  double samples[WINDOW + HOP + CHUNK], *end = samples + extractor->kept;
  memcpy(samples, extractor->before, sizeof(double) * (size_t)extractor->kept);
  if (extractor->has_front_end)
    n = front_end_process(&extractor->front_end, sound, n, end);
  else
    memcpy(end, sound, sizeof(double) * (size_t)n);
  return frames(extractor, samples, extractor->kept + n, rows);
}

// Takes n samples, writes the rows that they complete, at most baby_cry_extractor_rows(n) of
// them; adds to *wrong how many were not sound. Returns the number of rows.
int64_t baby_cry_extractor_process(Extractor *extractor, const double *samples, int64_t n,
                                   double *rows, int64_t *wrong) {
  int64_t count = 0;
  while (n > 0) {
    double sound[CHUNK];
    const int taken = n < CHUNK ? (int)n : CHUNK;
    for (int i = 0; i < taken; i++) {
      const double magnitude = fabs(samples[i]);
      const int is_wrong = !(magnitude <= SAMPLE_LIMIT);
      *wrong += is_wrong;
      sound[i] = is_wrong || magnitude < SAMPLE_TINY ? 0.0 : samples[i];
    }
    samples += taken;
    n -= taken;
    count += take(extractor, sound, taken, rows + count * extractor->width);
  }
  return count;
}

FOR_EACH_WIDTH
static void from_pcm16(const int16_t *samples, int n, double *sound) {
  for (int i = 0; i < n; i++)
    sound[i] = samples[i] / FULL_SCALE;
}

// The same of 16-bit samples, which are always sound.
int64_t baby_cry_extractor_pcm16(Extractor *extractor, const int16_t *samples, int64_t n,
                                 double *rows) {
  int64_t count = 0;
  while (n > 0) {
    double sound[CHUNK];
    const int taken = n < CHUNK ? (int)n : CHUNK;
    from_pcm16(samples, taken, sound);
    samples += taken;
    n -= taken;
    count += take(extractor, sound, taken, rows + count * extractor->width);
  }
  return count;
}

// Writes the rows still owed, at most five, and returns their number; then reset.
int64_t baby_cry_extractor_flush(Extractor *extractor, double *rows) {
  int64_t count = 0;
  if (extractor->has_front_end) {
    double samples[WINDOW + HOP];
    memcpy(samples, extractor->before, sizeof(double) * (size_t)extractor->kept);
    const int more = front_end_flush(&extractor->front_end, samples + extractor->kept);
    count = frames(extractor, samples, extractor->kept + more, rows);
  }
  for (int n = 0; n < OWED; n++) {
    double *row = rows + count * extractor->width;
    if (extractor->kind == CRY)
      count += cry_finish(&extractor->set.cry, n, row);
    else if (extractor->kind == IS09 && n < 3)
      count += smooth_finish(&extractor->set.is09.smooth, n, row);
  }
  return count;
}
