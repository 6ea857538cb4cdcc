// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What the library does once for the echo's filter; see kalman_filter.c.

#ifndef BABY_CRY_ECHO_KALMAN_FILTER_H
#define BABY_CRY_ECHO_KALMAN_FILTER_H

void echo_prepare(void);

#endif
