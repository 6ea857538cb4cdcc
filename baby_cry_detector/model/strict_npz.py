# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Read an .npz from somebody else: float32 arrays and one text, nothing executed, nothing guessed.

Stricter than ``np.load(allow_pickle=False)``: sizes are known before memory is taken.
"""

import io
import math
import struct
from typing import Dict, Sequence
import zipfile
import zlib

import numpy as np

MAX_FILE_BYTES = 1 << 29
MAX_DOCUMENT_BYTES = 1 << 26


class StrictNpzError(ValueError):
    """A file that is not such an .npz; one sentence says what was expected."""


def read_arrays(data: bytes, document: str,
                numbers: Sequence[str] = ('<f4',)) -> Dict[str, np.ndarray]:
    """
    Return ``{name: array}`` of an .npz with float32 arrays and a uint8 array of text.

    :param document: name of the array of text.
    :param numbers: types that arrays may have.
    :raises StrictNpzError: if it is anything else, is damaged, or is larger than it can be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_FILE_BYTES:
                raise StrictNpzError('the arrays are larger than a checkpoint can be')
            arrays: Dict[str, np.ndarray] = {}
            for entry in entries:
                name = entry.filename[:-4]
                if not entry.filename.endswith('.npy') or name in arrays:
                    raise StrictNpzError(f'unexpected entry {entry.filename!r}')
                arrays[name] = _parse_npy(archive.read(entry), name, name == document,
                                          numbers)
            return arrays
    except StrictNpzError:
        raise
    # What zipfile and zlib raise on damaged bytes, as met in fuzzing.
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError,
            NotImplementedError, RuntimeError, KeyError, IndexError, OverflowError,
            MemoryError) as error:
        raise StrictNpzError(f'truncated or corrupt file: {error}') from error


def stored_at(data: bytes) -> Dict[str, int]:
    """
    Return where in a file that `read_arrays` took the numbers of its arrays end.

    :return: ``{name: offset of the byte after the last}`` of what is not compressed.
    """
    ends = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.compress_type == zipfile.ZIP_STORED:
                # A name and an extra field of their own lie between an entry's header and it.
                lengths = struct.unpack_from('<HH', data, entry.header_offset + 26)
                ends[entry.filename[:-4]] = entry.header_offset + 30 + sum(lengths) \
                    + entry.file_size
    return ends


def _parse_npy(data: bytes, name: str, document: bool, numbers: Sequence[str]) -> np.ndarray:
    """Return the array of one .npy, its size checked against its header before it is made."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f'unexpected version {version}')
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise StrictNpzError(f'array {name!r} has a damaged header') from error
    accepted = [np.dtype(kind) for kind in ([np.uint8] if document else numbers)]
    if dtype not in accepted or fortran_order:
        raise StrictNpzError(f'array {name!r}: expected {accepted[0].name}, got {dtype!r:.40}')
    rest = data[file.tell():]
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(rest):
        raise StrictNpzError(f'array {name!r}: its size is not that of its shape')
    if document and len(rest) > MAX_DOCUMENT_BYTES:
        raise StrictNpzError('the document is larger than it can be')
    return np.frombuffer(rest, dtype=dtype).reshape(shape)
