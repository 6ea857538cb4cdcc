# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What an audio file really holds, whatever its header says.

A recorder that was killed leaves a size of 0, one that ran for long a size that wrapped around,
a broken copy less than was promised; and files are joined by ``cat``. The decoders believe the
header. `recordings_in` compares header and file for WAV (RIFF, RIFX, RF64, BW64), Wave64, AIFF,
AU, CAF and MP3, and finds what was joined, of FLAC, Ogg, MP4, ASF and AMR too.
"""

import mmap
import os
import struct
from typing import List, Union

from baby_cry_detector.audio.containers import compressed, plain
from baby_cry_detector.audio.containers.plain import Bytes, Recording, Samples

__all__ = ['Bytes', 'Recording', 'recordings_in', 'Samples']


def recordings_in(path: Union[str, 'os.PathLike[str]']) -> List[Recording]:
    """
    Return the recordings in a file that has to be read otherwise than its header says.

    :return: nothing where header and file agree, or where libsndfile has to find out.
    :raises OSError: if the file can't be read.
    """
    with open(path, 'rb') as file:
        size = os.fstat(file.fileno()).st_size
        if size < 12:
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for is_such, read in (*plain.READERS, *compressed.READERS):
                if is_such(data):
                    try:
                        found = list(read(data, size))
                    except (struct.error, IndexError, OverflowError):
                        return []      # no such header: libsndfile says what it thinks
                    is_whole = len(found) == 1 and found[0].told_s is None and not found[0].misread
                    return [] if is_whole else found
    return []
