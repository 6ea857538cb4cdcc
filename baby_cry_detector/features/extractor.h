// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Samples in, rows out, of one stream; see extractor.c.

#ifndef BABY_CRY_EXTRACTOR_H
#define BABY_CRY_EXTRACTOR_H

#include "sets/sets.h"

typedef struct Extractor Extractor;

Extractor *baby_cry_extractor_cepstra20(const CepstraTables *tables);
Extractor *baby_cry_extractor_cry(const CryTables *tables);
Extractor *baby_cry_extractor_is09(const Is09Tables *tables);
int32_t baby_cry_extractor_front_end(Extractor *extractor, const FrontEndTables *tables);
Extractor *baby_cry_extractor_like(const Extractor *first);
int64_t baby_cry_extractor_width(const Extractor *extractor);
int64_t baby_cry_extractor_rows(const Extractor *extractor, int64_t n);
int64_t baby_cry_extractor_process(Extractor *extractor, const double *samples, int64_t n,
                                   double *rows, int64_t *wrong);
int64_t baby_cry_extractor_pcm16(Extractor *extractor, const int16_t *samples, int64_t n,
                                 double *rows);
int64_t baby_cry_extractor_flush(Extractor *extractor, double *rows);
void baby_cry_extractor_free(Extractor *extractor);
void baby_cry_extractor_reset(Extractor *extractor);

#endif
