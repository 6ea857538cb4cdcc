// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What is done once when the library is loaded; see compiled.py.

#include "audio/fourier.h"
#include "features/stages/stages.h"

#include <stdint.h>

// Raised whenever a signature, a struct or the meaning of either changes; compiled.py checks it.
#define ABI_VERSION 6

int64_t baby_cry_core_prepare(void) {
  fourier_prepare();
  spectrum_prepare();
  return ABI_VERSION;
}
