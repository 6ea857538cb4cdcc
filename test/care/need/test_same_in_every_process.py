# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The same happenings give the same guesses, to the bit, however many threads algebra takes."""

import os
import subprocess
import sys

SCRIPT = """
import hashlib

from baby_cry_detector.care.need.guesses import Guesses
from baby_cry_detector.units import HOUR_NS, MINUTE_NS
import numpy as np

guesses, random, now_ns = Guesses(10 ** 18, 30.0), np.random.default_rng(1), 10 ** 18
for _ in range(40):
    now_ns += int(random.uniform(0.5, 4.0) * HOUR_NS)
    guesses.pass_time(now_ns, lambda stamp_ns: stamp_ns / HOUR_NS % 24)
    likely = np.full(5, 0.02)
    likely[random.integers(5)] = 0.9
    rows = guesses.of_cry(now_ns / HOUR_NS % 24)
    now_ns += 6 * MINUTE_NS
    guesses.end_cry(rows, likely, now_ns)
print(hashlib.sha256(guesses.logs.tobytes()).hexdigest(), guesses.mean_shares(rows).tolist())
"""


def test_the_number_of_threads_changes_nothing(tmp_path):
    script = tmp_path / 'guess.py'      # a file: the wheels start Python anew, which -c can't
    script.write_text(SCRIPT)
    said = {subprocess.run([sys.executable, str(script)], check=True, capture_output=True, env={
        **os.environ, 'OPENBLAS_NUM_THREADS': threads, 'OMP_NUM_THREADS': threads}).stdout
        for threads in ('1', '2')}
    assert len(said) == 1 and said != {b''}
