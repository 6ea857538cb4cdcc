# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real recordings for the tests: the ten of `test/data`, or a larger set that is named."""

import csv
import os
from pathlib import Path

#: Seven cries and three other sounds of different people, each CC0 (NOTICE).
SHIPPED = Path(__file__).parents[2] / 'data'


def recordings(fold=None, every=1):
    """
    Return [(path, whether it is a cry)] of real recordings.

    Out of the folder that ``BABY_CRY_DATA_DIR`` names, if it has a manifest.csv; else all that
    are shipped with the tests.

    :param fold: of a named folder, the recordings of this fold only.
    :param every: of a named folder, each such recording only: there are many.
    """
    folder = Path(os.environ.get('BABY_CRY_DATA_DIR') or SHIPPED)
    if not (folder / 'manifest.csv').exists():
        folder = SHIPPED
    with open(folder / 'manifest.csv', newline='') as file:
        rows = [row for row in csv.DictReader(file) if not row['path'].startswith('emotion/')]
    if folder != SHIPPED:
        rows = [row for row in rows if fold is None or row['fold'] == fold][::every]
    return [(folder / row['path'], row['path'].startswith('cry/')) for row in rows]
