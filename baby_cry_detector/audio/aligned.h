// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Memory that begins where a line of the processor's cache does: a register's worth of numbers then
// never lies across two lines. What is read once a step (weights, waves) is read twice otherwise.

#ifndef BABY_CRY_ALIGNED_H
#define BABY_CRY_ALIGNED_H

#include <stdint.h>
#include <stdlib.h>

#define CACHE_LINE 64

// Zeros, or NULL where there is no memory. What `calloc` gave is noted before them.
static inline void *aligned_new(size_t bytes) {
  const size_t more = CACHE_LINE + sizeof(void *);
  char *given = bytes < SIZE_MAX - more ? calloc(1, bytes + more) : NULL;
  if (!given)
    return NULL;
  char *start = given + more;
  start -= (uintptr_t)start % CACHE_LINE;
  ((void **)(void *)start)[-1] = given;
  return start;
}

static inline void aligned_free(void *memory) {
  if (memory)
    free(((void **)memory)[-1]);
}

#endif
