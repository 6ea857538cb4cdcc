// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// One crib's decisions in compiled code: a struct of fixed size that Python holds and reads, and
// the steps of decider.py over a block. What is rare (gaps, silence, settings) Python does on it.
// NaN stands for 'not known'. Every field is eight bytes wide, but the last.

#ifndef BABY_CRY_DECIDER_H
#define BABY_CRY_DECIDER_H

#include <stdint.h>

#define MAX_NEEDS 64
#define MAX_MEAN 512            // steps of smoothing
#define MAX_CELLS 128
#define MAX_BLOCKS 128
#define MAX_NEW_BLOCKS 8
#define MAX_SHARE 1024

typedef struct {
  int64_t onset_ns, last_heard_ns, heard_ns, number, serial;
} Episode;

typedef struct {
  // Settings.
  double enter, leave, hint, forget_level, forget_cry, need_temperature, step_s, min_confidence,
      min_odds_ratio, min_cry_s;
  int64_t step_ns, min_heard_ns, hold_ns, mean_length, steps_per_cell, steps_per_block,
      share_length, max_cells, max_blocks, n_needs;
  double prior[MAX_NEEDS], log_prior[MAX_NEEDS];
  int64_t need_code[MAX_NEEDS];

  // smoothing.c
  int64_t n_recent;
  double recent[MAX_MEAN];

  // episodes.c
  int64_t has_time, time_ns, has_resumed, resumed_ns, deaf_ns, gap_ns, crying, hearing, count,
      has_candidate, has_last, serial, has_hint, hint_ns, hint_since_ns, has_agreed, agreed_ns;
  Episode candidate, last;

  // intensity.c
  double voicing, cry_power, cell_power, block_power, block_quietest, regularity, background_db;
  int64_t cell_steps, block_steps, block_has_cry, n_cells, n_blocks, n_cry_blocks, n_new, n_heard,
      next_heard, heard_count;
  double cell[MAX_CELLS], block[MAX_BLOCKS], cry_block[MAX_BLOCKS];
  double new_level[MAX_NEW_BLOCKS], new_quietest[MAX_NEW_BLOCKS];

  // need.c
  double weight, ratio[MAX_NEEDS], posterior[MAX_NEEDS], confidence;
  int64_t need, need_label;     // need_label: index, or -1

  // decider.c
  double probability, level_power;
  int64_t status, has_last_step, last_step_ns, stamp_ns, invalid_steps, gaps;
  int64_t said_status, said_crying, said_need, said_count, changed;

  uint8_t heard[MAX_SHARE];
} Decider;

// See decider.c.
int64_t baby_cry_decider_run(Decider *d, int64_t n, const int64_t *times_ns, const double *cry,
                             const double *needs, const double *level, const double *voicing,
                             int64_t told_ns, int64_t period_ns);

double smoothing_step(Decider *decider, double probability);
void episodes_step(Decider *decider, int64_t time_ns, double probability);
int64_t episodes_current(const Decider *decider);       // serial of the one in progress, or 0
void intensity_gap(Decider *decider);
void intensity_step(Decider *decider, double level, double voicing);
void need_step(Decider *decider, const double *probability, double weight);
void need_answer(Decider *decider);

#endif
