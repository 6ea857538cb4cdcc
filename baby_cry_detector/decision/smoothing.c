// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "decider.h"

#include <string.h>

// The mean of the newest values, summed with exact rounding as math.fsum does: what each addition
// loses is added at the end.
double smoothing_step(Decider *decider, double probability) {
  double *recent = decider->recent, sum = 0.0, lost = 0.0;
  if (decider->n_recent == decider->mean_length)
    memmove(recent, recent + 1, sizeof(double) * (size_t)--decider->n_recent);
  recent[decider->n_recent++] = probability;
  for (int64_t n = 0; n < decider->n_recent; n++) {
    const double next = sum + recent[n], part = next - sum;
    lost += (sum - (next - part)) + (recent[n] - part);
    sum = next;
  }
  return (sum + lost) / (double)decider->mean_length;
}
