# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What no policy, parameter, service or message may exceed: motion, sound, waiting.

Each limit stands here once; whoever takes a number from outside, or is the last to check it,
takes it from here. Numbers and where they come from: `docs/use/behaviours.md`.
"""

# --- motion of the cot, peaks ---------------------------------------------------------------
FREQUENCY_RANGE_HZ = (0.3, 0.7)
LARGEST_AMPLITUDE_MM = 60.0
STROKE_M = LARGEST_AMPLITUDE_MM * 1e-3     # to either side of the rest position
HARD_ACCELERATION = 0.7                    # m/s^2
HARD_SPEED = 0.25                          # m/s; 0.7 m/s^2 at 60 mm needs 0.21 and the envelope
# m/s^3, as the change of acceleration within any JERK_WINDOW_S. The hardest rocking needs 3.
HARD_JERK, JERK_WINDOW_S = 10.0, 0.1
LONGEST_ROCKING_S = 300.0                  # without a pause
HARD_DUTY_S = 1800.0                       # within any hour
SHORTEST_RAMP_S = 3.0                      # of a smooth start or stop
# Joint units per metre: a slide counts in metres; a rocker in radians, on a radius of 0.1 to 10 m.
UNITS_RANGE = (0.1, 10.0)
REST_RANGE = (-6.3, 6.3)                   # position at rest, in joint units

# --- sound ------------------------------------------------------------------------------------
# At the ear (Hugh 2014, Pediatrics 133(4), advises 50; audiologists commonly say at most 60).
LEVEL_RANGE_DBA = (20.0, 60.0)

# --- waiting ----------------------------------------------------------------------------------
LONGEST_ALERT_DELAY_S = 600.0
NO_IMPROVEMENT_RANGE_S = (60.0, 90.0)
LONGEST_STEP_S = 1800.0
