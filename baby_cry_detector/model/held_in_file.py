# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Arrays that stay in their file until they are used: memory for what is needed a few times a night.

The file stays open, so that it may be replaced or deleted meanwhile; what is read is compared with
what was checked when it was opened. It is not mapped: a mapped file that somebody shortens ends
the process, a read one is an error in words.
"""

import os
from typing import Dict, Iterator, Mapping, Tuple, Union
import weakref
import zlib

from baby_cry_detector.model.strict_npz import stored_at, StrictNpzError
import numpy as np

#: Bytes from which an array is not kept in memory.
LARGE = 1 << 12


class HeldInFile(Mapping[str, np.ndarray]):
    """
    Arrays by name; the large ones of them are read each time they are asked for.

    :param path: of the file; it is open as long as this lives.
    :param data: its bytes.
    :param arrays: what they hold, as `read_arrays` says.
    :param prefix: stands before each name in the file.
    """

    def __init__(self, path: Union[str, 'os.PathLike[str]'], data: bytes,
                 arrays: Mapping[str, np.ndarray], prefix: str = '') -> None:
        self._path = os.fspath(path)
        self._kept: Dict[str, np.ndarray] = {}
        self._in_file: Dict[str, Tuple[int, int, np.dtype, Tuple[int, ...]]] = {}
        ends = stored_at(data)
        for name, array in arrays.items():
            end = ends.get(prefix + name)
            if array.nbytes < LARGE or end is None:
                self._kept[name] = array
            else:
                self._in_file[name] = (end - array.nbytes, zlib.crc32(array.tobytes()),
                                       array.dtype, array.shape)
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def __getitem__(self, name: str) -> np.ndarray:
        """
        Return an array.

        :raises StrictNpzError: if the file was written over.
        """
        if name in self._kept:
            return self._kept[name]
        offset, digest, dtype, shape = self._in_file[name]
        n_bytes = int(np.prod(shape)) * dtype.itemsize
        try:
            data = os.pread(self._descriptor, n_bytes, offset)
        except OSError as error:
            raise StrictNpzError(f'{self._path}: cannot be read any more: '
                                 f'{error.strerror or error}') from error
        if zlib.crc32(data) != digest or len(data) != n_bytes:
            raise StrictNpzError(f'{self._path}: was written over while it was in use')
        return np.frombuffer(data, dtype).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        yield from self._kept
        yield from self._in_file

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self._kept) + len(self._in_file)
