# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The compiled part of the descriptors, where it was built.

CMake and pip build `period_walk.c` beside this file when there is a compiler. Without it, or with
``BABY_CRY_PURE_PYTHON=1``, Python computes the same numbers, some descriptors more slowly.
"""

import ctypes
from importlib.machinery import EXTENSION_SUFFIXES
import logging
import os
from pathlib import Path
from typing import List, Optional, Tuple

import baby_cry_detector

PURE_PYTHON = 'BABY_CRY_PURE_PYTHON'
# Raised with ABI_VERSION of period_walk.c.
_ABI_VERSION = 2
# Looked at one after the other; the second name is what pip builds.
_PATHS = [Path(folder, 'research', 'descriptors', f'_period_walk{suffix}')
          for folder in baby_cry_detector.__path__
          for suffix in ('.so', '.dylib', *EXTENSION_SUFFIXES)]

_loaded: Optional[Tuple[Optional[ctypes.CDLL], str]] = None


class VoiceQualityState(ctypes.Structure):
    """What `VoiceQuality` remembers between frames; ``State`` of period_walk.c."""

    _fields_ = [('frame', ctypes.c_int64), ('position', ctypes.c_int64), ('left', ctypes.c_int64),
                ('held', ctypes.c_double * 4), ('period', ctypes.c_double),
                ('difference', ctypes.c_double)]


class VoiceQualityParameters(ctypes.Structure):
    """What `VoiceQuality` was made with; ``Parameters`` of period_walk.c."""

    _fields_ = [('sample_rate', ctypes.c_double), ('hop', ctypes.c_int64),
                ('window', ctypes.c_int64), ('search', ctypes.c_double),
                ('least_correlation', ctypes.c_double), ('unvoiced_hnr_db', ctypes.c_double)]


def library() -> Optional[ctypes.CDLL]:
    """Return the compiled part, or None where Python computes; it is looked for once."""
    return _find()[0]


def description() -> str:
    """Return which of both computes, and why."""
    return _find()[1]


def _find() -> Tuple[Optional[ctypes.CDLL], str]:
    global _loaded
    if os.environ.get(PURE_PYTHON, '0') not in ('', '0'):
        return None, f'pure Python: {PURE_PYTHON} is set'
    if _loaded is None:
        _loaded = _load(_PATHS)
        logging.getLogger(__name__).debug('descriptors: %s', _loaded[1])
    return _loaded


def _load(paths: List[Path]) -> Tuple[Optional[ctypes.CDLL], str]:
    """Return the first library that fits, or None; and a sentence on it."""
    reason = 'pure Python: no compiled part beside it'
    for path in paths:
        if not path.is_file():
            continue
        try:
            found = ctypes.CDLL(str(path))
            version = found.baby_cry_period_walk_abi
            walk = found.baby_cry_period_walk
        except (OSError, AttributeError) as error:
            reason = f'pure Python: {path.name} does not fit ({error})'
            continue
        version.argtypes, version.restype = [], ctypes.c_int64
        if version() != _ABI_VERSION:
            reason = (f'pure Python: {path.name} has version {version()} instead of '
                      f'{_ABI_VERSION}: build again')
            continue
        walk.restype = ctypes.c_int64
        walk.argtypes = [
            ctypes.POINTER(VoiceQualityState), ctypes.POINTER(VoiceQualityParameters),
            ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64,
            ctypes.c_void_p]
        return found, f'compiled: {path.name}'
    return None, reason
