# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The compiled core: the C files that lie beside the Python they are named after, in one library.

CMake and pip build ``_core`` when there is a compiler. Without it, or with
``BABY_CRY_PURE_PYTHON=1``, Python computes the same answers and is read instead of trusted: the
tests hold one against the other.
"""

import ctypes
from importlib.machinery import EXTENSION_SUFFIXES
import logging
import os
from pathlib import Path
from typing import Any, List, Optional, Tuple

import baby_cry_detector
import numpy as np

PURE_PYTHON = 'BABY_CRY_PURE_PYTHON'
# Raised with ABI_VERSION of core.c.
ABI_VERSION = 6
# Looked at one after the other; what pip builds carries a longer name. From a source checkout the
# package has two folders, and what was built lies in the second.
PATHS = [Path(folder, f'_core{suffix}') for folder in baby_cry_detector.__path__
         for suffix in dict.fromkeys(('.so', '.dylib', *EXTENSION_SUFFIXES))]

_loaded: Optional[Tuple[Optional[ctypes.CDLL], str]] = None


def library() -> Optional[ctypes.CDLL]:
    """Return the compiled core, or None where Python computes; it is looked for once."""
    return _find()[0]


def description() -> str:
    """Return which of both computes, and why."""
    return _find()[1]


def pointer(array: np.ndarray) -> int:
    """Return the address of an array's first number; the caller keeps the array alive."""
    address: int = array.__array_interface__['data'][0]     # a third of what array.ctypes takes
    return address


def _find() -> Tuple[Optional[ctypes.CDLL], str]:
    global _loaded
    if os.environ.get(PURE_PYTHON, '0') not in ('', '0'):
        return None, f'Python: {PURE_PYTHON} is set'
    if _loaded is None:
        _loaded = load(PATHS)
        if _loaded[0] is None:
            logging.getLogger(__name__).warning(
                'listening costs about ten times the processor time that the compiled core would '
                'need: %s', _loaded[1])
    return _loaded


def load(paths: List[Path]) -> Tuple[Optional[ctypes.CDLL], str]:
    """Return the first library that fits, or None; and a sentence on it."""
    reason = 'Python: the compiled core was not built, there was no C compiler'
    for path in paths:
        if not path.is_file():
            continue
        try:
            found = ctypes.CDLL(str(path))
            prepare = found.baby_cry_core_prepare
        except (OSError, AttributeError) as error:
            reason = f'Python: {path.name} does not fit ({error})'
            continue
        prepare.argtypes, prepare.restype = [], ctypes.c_int64
        version = prepare()
        if version != ABI_VERSION:
            reason = (f'Python: {path.name} has version {version} instead of {ABI_VERSION}: '
                      'build again')
            continue
        return found, f'compiled: {path.name}'
    return None, reason


def declare(function: Any, result: Any, *arguments: Any) -> Any:
    """Return a function of the library with its types set."""
    function.restype, function.argtypes = result, list(arguments)
    return function
