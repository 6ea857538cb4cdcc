# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which sounds a policy may order, and where each comes from."""

from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterable, Protocol, Set

from baby_cry_detector.audio.looped_file import looped
from baby_cry_detector.care.policy.policy import Policy
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS, make_sound, SoundStream
from baby_cry_detector.fields import ParameterError


def sounds_of(policy: Policy) -> Set[str]:
    """Return the names of all sounds that a policy can order."""
    return {step.sound.name for crib in (policy.common, *policy.cribs.values())
            for rows in crib.rows.values() for row in rows.values()
            for step in row.steps if step.sound is not None}


def find_file(name: str, folder: str) -> Path:
    """
    Return the path of a recording.

    :raises ParameterError: if it is a relative path and there is no folder to look in.
    """
    path = Path(name).expanduser()
    if path.is_absolute():
        return path
    if not folder:
        raise ParameterError(f'{name!r} is no made sound ({", ".join(MADE_SOUNDS)}); for a file '
                             'say its whole path, or set sounds_folder')
    return Path(folder).expanduser() / path


class FileSettings(Protocol):
    """What of a soother's settings sounds are made by."""

    @property
    def seed(self) -> int:
        """Return where made sounds begin."""

    @property
    def sounds_folder(self) -> str:
        """Return where files lie; '' for nowhere."""

    @property
    def sample_rate(self) -> int:
        """Return the rate in Hz."""


def open_sounds(names: Iterable[str], values: FileSettings
                ) -> Dict[str, Callable[[int], SoundStream]]:
    """
    Return what makes the stream of each sound: ``sample_rate -> SoundStream``.

    :param names: made sounds and files.
    :param values: the soother's parameters.
    :raises ValueError: if a file is missing or no sound, with its path.
    """
    sounds: Dict[str, Callable[[int], SoundStream]] = {}
    for name in sorted(names):
        if name in MADE_SOUNDS:
            sounds[name] = partial(make_sound, name, seed=values.seed)
        else:
            path = find_file(name, values.sounds_folder)
            looped(path, values.sample_rate)       # says at once what is wrong with it
            sounds[name] = partial(_recording, path)
    return sounds


def _recording(path: Path, sample_rate: int) -> SoundStream:
    return SoundStream(looped(path, sample_rate))
