# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers, written row by row: CSV, or NPZ; a file appears when it is whole."""

import csv
import os
from pathlib import Path
from typing import Any
import zipfile

import numpy as np


def open_table(out, set_id: str, columns):
    """
    Return a context manager with ``add(rows)`` for rows ``(n, F)`` and ``give_up()``.

    An NPZ holds ``values``, ``columns`` and ``feature_set`` (the id).

    :param out: a path that ends in .csv or .npz; ``None`` writes nothing.
    :raises ValueError: on another suffix.
    """
    if out is None:
        return _NoTable()
    out = Path(out)
    kinds = {'.csv': _CsvTable, '.npz': _NpzTable}
    if out.suffix.lower() not in kinds:
        raise ValueError(f'{out}: expected a name that ends in .csv or .npz')
    return kinds[out.suffix.lower()](out, set_id, columns)


class _NoTable:

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def add(self, rows: np.ndarray) -> None:
        pass

    def give_up(self) -> None:
        pass


class _Table(_NoTable):
    """Writes beside the file and takes its name at the end."""

    def __init__(self, out: Path, set_id: str, columns) -> None:
        self._out, self._set_id, self._columns = out, set_id, columns
        self._part = out.with_name(f'.{out.name}.{os.getpid()}.part')
        self._file: Any = None         # text or bytes, as the table is
        self._is_given_up = False

    def __exit__(self, kind, *_):
        try:
            if kind is None and not self._is_given_up:
                self._finish()
                self._file.close()
                os.replace(self._part, self._out)
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def give_up(self) -> None:
        self._is_given_up = True

    def _finish(self) -> None:
        pass


class _CsvTable(_Table):

    def __enter__(self):
        self._file = open(self._part, 'w', newline='', encoding='utf-8')
        self._writer = csv.writer(self._file)
        self._writer.writerow(self._columns)
        return self

    def add(self, rows: np.ndarray) -> None:
        self._writer.writerows(map(repr, row) for row in rows.tolist())


class _NpzTable(_Table):
    """The rows go into a file of their own first: an array's header says how many there are."""

    def __enter__(self):
        self._file = open(self._part, 'w+b')
        self._count = 0
        return self

    def add(self, rows: np.ndarray) -> None:
        self._count += len(rows)
        self._file.write(np.ascontiguousarray(rows, '<f8').tobytes())

    def _finish(self) -> None:
        packed = self._part.with_suffix('.npz')
        try:
            with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
                for name, value in (('columns', self._columns), ('feature_set', self._set_id)):
                    with archive.open(f'{name}.npy', 'w') as member:
                        np.lib.format.write_array(member, np.array(value))
                with archive.open('values.npy', 'w', force_zip64=True) as member:
                    np.lib.format.write_array_header_1_0(member, {
                        'descr': '<f8', 'fortran_order': False,
                        'shape': (self._count, len(self._columns))})
                    self._file.seek(0)
                    for block in iter(lambda: self._file.read(1 << 20), b''):
                        member.write(block)
            os.replace(packed, self._part)
        finally:
            packed.unlink(missing_ok=True)
