// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

#include "stages.h"

int mel_bank_set(MelBank *bank, const double *weights, int bands) {
  int next = 0;
  bank->bands = bands;
  for (int b = 0; b < bands; b++) {
    bank->first[b] = bank->stop[b] = 0;
    for (int k = 0; k < BINS; k++)
      if (weights[k * bands + b] != 0.0) {
        if (!bank->stop[b])
          bank->first[b] = k;
        bank->stop[b] = k + 1;
      }
    bank->at[b] = next;
    if (bank->stop[b] - bank->first[b] > MAX_WEIGHTS - next)
      return 0;
    for (int k = bank->first[b]; k < bank->stop[b]; k++)
      bank->all[next++] = weights[k * bands + b];
  }
  return 1;
}

FOR_EACH_WIDTH
void mel_bank_apply(const MelBank *bank, const Group *spectrum, Group *energy) {
  for (int b = 0; b < bank->bands; b++) {
    const double *weight = bank->all + bank->at[b];
    Group sum = {0.0};
    for (int k = bank->first[b]; k < bank->stop[b]; k++)
      sum += *weight++ * spectrum[k];
    energy[b] = sum;
  }
}

void cepstrum_set(Cepstrum *cepstrum, const double *matrix, int bands, int coefficients) {
  cepstrum->bands = bands;
  cepstrum->coefficients = coefficients;
  for (int b = 0; b < bands; b++)
    for (int i = 0; i < MAX_COEFFICIENTS; i++)
      cepstrum->matrix[b][i] = i < coefficients ? matrix[b * coefficients + i] : 0.0;
}

FOR_EACH_WIDTH
void cepstrum_apply(const Cepstrum *cepstrum, const double *log_bands, double *coefficients) {
  double sum[MAX_COEFFICIENTS] = {0.0};
  for (int b = 0; b < cepstrum->bands; b++)
    for (int i = 0; i < MAX_COEFFICIENTS; i++)
      sum[i] += log_bands[b] * cepstrum->matrix[b][i];
  for (int i = 0; i < cepstrum->coefficients; i++)
    coefficients[i] = sum[i];
}
