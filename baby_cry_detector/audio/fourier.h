// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The one Fourier transform of the core: 256 complex points, of four signals at once, which carries
// transforms of 512 real numbers too.

#ifndef BABY_CRY_FOURIER_H
#define BABY_CRY_FOURIER_H

#include <stdint.h>

// The same source for every width of registers; more lanes give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__) && !defined(ONE_WIDTH)
#define FOR_EACH_WIDTH __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_WIDTH
#endif

#define GROUP 4
// A number of each of four frames; arrays of them are arrays of doubles too.
typedef double Group __attribute__((vector_size(8 * GROUP), may_alias));
typedef int64_t GroupMask __attribute__((vector_size(8 * GROUP)));

#define POINTS 256
typedef struct {
  double split_re[POINTS + 1], split_im[POINTS + 1];    // exp(-2 pi i k / 512)
  int place[POINTS];                                    // where `fourier` leaves frequency k
} FourierTables;
extern FourierTables fourier_tables;
// Fills the tables; once, before anything else.
void fourier_prepare(void);
// In place: sum x[n] exp(-2 pi i k n / 256) is left at place[k].
void fourier(Group *restrict re, Group *restrict im);

#endif
