# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Any audio file as 16 kHz mono FLAC, and what tells copies of one sound apart.

Small files are read by libsndfile (starting ffmpeg would take longer than the decoding), all
others, and those that it can't read, by ffmpeg.
"""

import hashlib
from math import gcd
import os
from pathlib import Path
import shutil
import subprocess
from typing import Optional, Tuple

from baby_cry_detector.audio.sources import SAMPLE_RATE
import numpy as np
from scipy import signal

#: Less than this is a click.
SHORTEST_S = 0.2
#: Peaks below this (-60 dB of full scale) are silence.
SILENCE = 1e-3
TIMEOUT_S = 300
SMALL_BYTES = 1 << 20


class DecodeError(ValueError):
    """A file that is no usable sound."""


def decode(file: Path, target: Path, longest_s: float) -> Tuple[float, str, str]:
    """
    Write ``target`` (16 kHz mono FLAC); return duration in s, SHA-256 of the PCM, fingerprint.

    A longer file is cut to ``longest_s`` from its middle.

    :raises DecodeError: if ffmpeg can't read it, it is too short or silent.
    :raises OSError: if the target can't be written (a full disk).
    """
    import soundfile
    pcm = _pcm(file)
    longest = int(longest_s * SAMPLE_RATE)
    if longest and len(pcm) > longest:
        start = (len(pcm) - longest) // 2
        pcm = pcm[start:start + longest]
    if len(pcm) < SHORTEST_S * SAMPLE_RATE:
        raise DecodeError(f'{len(pcm) / SAMPLE_RATE:.2f} s is too short')
    if np.abs(pcm.astype(np.int32)).max() < SILENCE * 32768:
        raise DecodeError('nothing but silence')
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + '.partial')
    try:
        soundfile.write(partial, pcm, SAMPLE_RATE, format='FLAC', subtype='PCM_16')
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return (len(pcm) / SAMPLE_RATE, hashlib.sha256(pcm.tobytes()).hexdigest(),
            fingerprint(pcm))


def _pcm(file: Path) -> np.ndarray:
    if file.suffix.lower() != '.g722' and file.stat().st_size <= SMALL_BYTES:
        pcm = _small(file)
        if pcm is not None:
            return pcm
    program = shutil.which('ffmpeg')
    if program is None:
        raise OSError('ffmpeg is not on this machine (apt install ffmpeg)')
    form = ['-f', 'g722'] if file.suffix.lower() == '.g722' else []
    try:
        done = subprocess.run(
            [program, '-nostdin', '-v', 'error', '-threads', '1', *form, '-i', str(file), '-vn',
             '-ac', '1', '-ar', str(SAMPLE_RATE), '-f', 's16le', '-'],
            capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise DecodeError(f'ffmpeg came to no end in {TIMEOUT_S} s') from error
    if done.returncode and not done.stdout:
        lines = done.stderr.decode(errors='replace').strip().splitlines()
        raise DecodeError(f'ffmpeg cannot read it: {lines[-1] if lines else "no message"}')
    return np.frombuffer(done.stdout[:len(done.stdout) // 2 * 2], np.int16)


def _small(file: Path) -> Optional[np.ndarray]:
    """Return int16 at the package's rate, None where libsndfile can't read the file."""
    import soundfile
    try:
        samples, rate = soundfile.read(str(file), dtype='float32', always_2d=True)
    except (OSError, RuntimeError):
        return None
    mono = samples.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all() or not 1000 <= rate <= 400_000:
        return None
    if rate != SAMPLE_RATE:
        common = gcd(rate, SAMPLE_RATE)
        mono = signal.resample_poly(mono, SAMPLE_RATE // common, rate // common)
    return np.round(np.clip(mono, -1.0, 1.0) * 32767).astype(np.int16)


def fingerprint(pcm: np.ndarray) -> str:
    """
    Return a name that copies of one recording share, whatever their level or codec.

    24 signs: whether the energy rises from one twenty-fifth of the sound (leading and trailing
    silence cut off) to the next, with the length in steps of 0.1 s.
    """
    x = pcm.astype(np.float64)
    loud = np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max())
    x = x[loud[0]:loud[-1] + 1]
    parts = np.array([np.sqrt(np.mean(part * part) + 1e-9)
                      for part in np.array_split(x, 25) if len(part)])
    rises = ''.join('1' if step > 0 else '0' for step in np.diff(parts))
    return f'{round(len(x) / SAMPLE_RATE * 10)}-{int("1" + rises, 2):x}'
