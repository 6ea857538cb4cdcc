// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Episodes from a smoothed probability; rules and their reasons as in episodes.py.

#include "decider.h"

#include <string.h>

#define SECOND_NS 1000000000LL
#define CANDIDATE_PAUSE_NS (SECOND_NS / 2)
#define RESUME_NS (30 * SECOND_NS)
#define MIN_GAP_NS (SECOND_NS / 4)
#define HINT_NS SECOND_NS
#define AGREED_NS (3 * SECOND_NS / 2)

int64_t episodes_current(const Decider *d) {
  return d->crying ? d->last.serial : d->has_candidate ? d->candidate.serial : 0;
}

static void end_episode(Decider *d) {
  d->crying = d->hearing = d->has_candidate = d->has_resumed = d->has_agreed = 0;
  d->deaf_ns = d->gap_ns = 0;
}

static void end_pauses(Decider *d, int64_t time_ns) {
  if (d->has_candidate && time_ns - d->candidate.last_heard_ns > CANDIDATE_PAUSE_NS)
    d->has_candidate = 0;
  if (d->crying && time_ns - d->last.last_heard_ns - d->deaf_ns - d->gap_ns > d->hold_ns)
    end_episode(d);
}

static void jump_back(Decider *d, int64_t time_ns, int64_t jump_ns) {
  d->has_candidate = d->hearing = d->has_hint = d->has_agreed = 0;
  if (d->crying && jump_ns > d->hold_ns) {
    d->crying = 0;
  } else if (d->crying) {
    if (time_ns < d->last.last_heard_ns)
      d->last.last_heard_ns = time_ns;
    d->deaf_ns = d->gap_ns = 0;
  }
}

static void hear_again(Decider *d, int64_t time_ns) {
  if (!d->has_resumed)
    return;
  const int64_t deaf_ns = time_ns - d->resumed_ns;
  if (deaf_ns >= 0 && deaf_ns <= RESUME_NS) {
    d->deaf_ns = deaf_ns;
    d->time_ns = time_ns - d->step_ns;
    d->has_time = 1;
  }
  d->has_resumed = 0;
}

static int64_t advance(Decider *d, int64_t time_ns) {
  const int64_t previous = d->time_ns, had_time = d->has_time;
  if (had_time && previous - CANDIDATE_PAUSE_NS <= time_ns && time_ns < previous)
    time_ns = previous;                         // a small correction of the clock
  d->time_ns = time_ns;
  d->has_time = 1;
  if (had_time && time_ns < previous) {
    jump_back(d, time_ns, previous - time_ns);
  } else if (had_time && time_ns - previous - d->step_ns > MIN_GAP_NS) {
    d->hearing = 0;
    d->gap_ns += time_ns - previous - d->step_ns;
    if (d->gap_ns > d->hold_ns)
      end_episode(d);
  }
  if (!d->hearing)
    end_pauses(d, time_ns);
  return time_ns;
}

void episodes_step(Decider *d, int64_t time_ns, double probability) {
  hear_again(d, time_ns);
  time_ns = advance(d, time_ns);
  if (probability >= d->hint) {
    if (!d->has_hint || time_ns - d->hint_ns > HINT_NS)
      d->hint_since_ns = time_ns;
    d->has_hint = 1;
    d->hint_ns = time_ns;
  }
  if (!episodes_current(d)) {
    d->hearing = probability >= d->enter;
    if (d->hearing) {
      d->candidate = (Episode){time_ns, time_ns, 0, 0, ++d->serial};
      d->has_candidate = 1;
    }
  } else {
    double threshold = d->hearing ? d->leave : d->enter;
    if (d->has_agreed && time_ns - d->agreed_ns <= AGREED_NS && d->hint < threshold)
      threshold = d->hint;
    d->hearing = probability >= threshold;
  }
  if (!d->hearing) {
    end_pauses(d, time_ns);
    return;
  }
  Episode *episode = d->crying ? &d->last : &d->candidate;
  d->deaf_ns = d->gap_ns = 0;
  episode->last_heard_ns = time_ns;
  episode->heard_ns += d->step_ns;
  if (!d->crying && episode->heard_ns >= d->min_heard_ns) {
    d->last = d->candidate;
    d->last.number = ++d->count;
    d->has_candidate = 0;
    d->has_last = d->crying = 1;
  }
}
