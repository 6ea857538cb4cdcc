// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Evidence for a need over an episode; rules and their reasons as in need.py.

#include "decider.h"

#include <math.h>

#define SMALLEST 1e-6
#define UNKNOWN 0
#define NONE 1

void need_step(Decider *d, const double *probability, double weight) {
  double total = 0.0;
  for (int64_t k = 0; k < d->n_needs; k++) {
    if (!(probability[k] >= 0))
      return;
    total += probability[k];
  }
  if (!(total > 0 && total < INFINITY && weight > 0))
    return;
  weight = weight < 1.0 ? weight : 1.0;
  for (int64_t k = 0; k < d->n_needs; k++) {
    const double share = probability[k] / total;
    d->ratio[k] += weight * (log(share > SMALLEST ? share : SMALLEST) - d->log_prior[k]);
  }
  d->weight += weight;
}

static double odds(double probability) {
  return probability < 1.0 ? probability / (1.0 - probability) : INFINITY;
}

void need_answer(Decider *d) {
  d->need = d->crying ? UNKNOWN : NONE;
  d->need_label = -1;
  d->confidence = 0.0;
  for (int64_t k = 0; k < d->n_needs; k++)
    d->posterior[k] = d->prior[k];
  if (!d->crying || !(d->weight > 0) || !d->n_needs)
    return;
  double top = -INFINITY, total = 0.0;
  for (int64_t k = 0; k < d->n_needs; k++) {
    d->posterior[k] = d->log_prior[k] + d->ratio[k] / d->weight / d->need_temperature;
    top = d->posterior[k] > top ? d->posterior[k] : top;
  }
  for (int64_t k = 0; k < d->n_needs; k++)
    total += d->posterior[k] = exp(d->posterior[k] - top);
  int64_t best = 0;
  for (int64_t k = 0; k < d->n_needs; k++) {
    d->posterior[k] /= total;
    if (d->posterior[k] > d->posterior[best])
      best = k;
  }
  const double confidence = d->posterior[best], prior = d->prior[best];
  if (d->weight * d->step_s < d->min_cry_s - 1e-9 || confidence < d->min_confidence
      || odds(confidence) < d->min_odds_ratio * odds(prior) || confidence <= prior
      || d->need_code[best] == UNKNOWN || d->need_code[best] == NONE)
    return;
  d->need = d->need_code[best];
  d->need_label = best;
  d->confidence = confidence;
}
