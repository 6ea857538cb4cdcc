# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where within a recording it cries, marked by hand: a CSV with path, start_s, end_s, label.

A label of ``cry`` (or another name of a cry) is crying, everything else of the recording is not.
Recordings that the table does not name are not marked at all.
"""

import csv
import hashlib
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from baby_cry_detector.research.training.manifest import CRY_LABELS, ManifestError
import numpy as np

FRAMES_PER_S = 100


class Segments:
    """
    The marks of a table.

    :param file: the CSV.
    :raises ManifestError: with one line per row that is no segment.
    """

    def __init__(self, file: Path):
        self._marks: Dict[str, List[Tuple[float, float]]] = {}
        problems = []
        try:
            data = Path(file).read_bytes()
            rows = list(csv.DictReader(data.decode('utf-8-sig').splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ManifestError(f'{file}: expected a CSV table in UTF-8 ({error})') from error
        self.digest = hashlib.sha256(data).hexdigest()
        for line, row in enumerate(rows, start=2):
            try:
                path, label = row['path'].strip(), row['label'].strip().lower()
                start_s, end_s = float(row['start_s']), float(row['end_s'])
                if not 0.0 <= start_s <= end_s < 1e6:
                    raise ValueError
            except (KeyError, TypeError, ValueError, AttributeError):
                problems.append(f'{Path(file).name}:{line}: expected path, start_s, end_s (in '
                                'seconds, in order) and label')
                continue
            marks = self._marks.setdefault(path, [])
            if label in CRY_LABELS:
                marks.append((start_s, end_s))
        if problems:
            raise ManifestError('\n'.join(problems))

    def __len__(self) -> int:
        """Return how many recordings are marked."""
        return len(self._marks)

    def frames_of(self, path: str, n_samples: int) -> Optional[np.ndarray]:
        """
        Return which 10 ms frames cry, boolean, None where nobody has marked the recording.

        A recording in which the table marks no cry has none to learn from: None as well.
        """
        marks = self._marks.get(path)
        if not marks:
            return None
        crying = np.zeros(max(1, n_samples // 160), bool)
        for start_s, end_s in marks:
            crying[int(start_s * FRAMES_PER_S):int(np.ceil(end_s * FRAMES_PER_S))] = True
        return crying if crying.any() else None
