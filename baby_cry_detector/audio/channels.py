# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which channel of several is heard: one choice for files, microphones, topics and bags.

The mean of all channels is right for most microphones and deaf for some: two capsules in opposite
phase cancel each other, a playback channel (loopback) beside the microphones hides what they
hear, inputs without a microphone halve the level. `ChannelMixer` starts with the mean, follows
what the channels carry between 300 and 3500 Hz, and changes their weights where the mean would
hide something; it says so once.
"""

from collections import deque
from typing import Any, Deque, FrozenSet, Optional, Tuple, Union

from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.formats import Buffer, decode_frames, MAX_CHANNELS, PCM16_SCALE
import numpy as np

AUTO, MIX = 'auto', 'mix'
Choice = Union[str, int]

WINDOW_S = 0.064               # between two looks at the channels
BAND_HZ = (300.0, 3500.0)
MEMORY_S = 1.0                 # of the powers between channels
RECENT_S = 6.0                 # of levels, for floors and tops
FLOOR_SHARE = 0.2              # of recent windows that are quieter than the floor
HELD_S = 30.0                  # a floor that has risen is believed to last so long
FIRST_WINDOWS = 3              # before anything is changed
FADE_S = 0.01                  # from old weights to new ones
DEAD_DB = -95.0                # dBFS in the band: no microphone
FAINT_DB = -75.0               # nothing to be heard, beside a channel that is louder by
FAINT_BELOW_DB = 20.0
HIDES_DB = 10.0                # a floor so far above the lowest one hides it
CHANGE_DB = 6.0                # weights that changed by less stay
CANCELS = 0.4                  # power of the mix, of what it were without any phase
MOST_CROSS_POWERS = 30_000     # that are followed; of many channels fewer frequencies
COHERENT = 0.5                 # share of power that two channels have in common


def parse_choice(value: Union[None, int, str]) -> Choice:
    """
    Return ``'auto'``, ``'mix'`` or a channel counted from 0.

    :param value: one of these, as text too; ``None`` and '' mean ``'auto'``.
    :raises AudioFormatError: on anything else, negative numbers too: -1 is the last one to some,
        the mean of all to others.
    """
    text = str('' if value is None else value).strip().lower()
    if text in ('', AUTO):
        return AUTO
    if text == MIX:
        return MIX
    if text.startswith('-') and text[1:].isdecimal():
        raise AudioFormatError(f'expected a channel: they count from 0, got {text}; the mean of '
                               f"all is '{MIX}'")
    if text.isascii() and text.isdecimal() and int(text) < MAX_CHANNELS:
        return int(text)
    raise AudioFormatError(f"expected a channel: '{AUTO}', '{MIX}', or a number from 0 to "
                           f'{MAX_CHANNELS - 1}, got {value!r}')


def check_choice(choice: Choice, channels: int) -> Choice:
    """
    Return the choice.

    :raises AudioFormatError: if it is a channel that is not there.
    """
    if not isinstance(choice, str) and choice is not None and not 0 <= choice < channels:
        raise AudioFormatError(f'expected a channel from 0 to {channels - 1}, got {choice}')
    return choice


class ChannelMixer:
    """
    Frames of several channels → one channel, block by block; any block sizes give the same.

    :param channels: 1 to 64.
    :param sample_rate: in Hz.
    :param choice: ``'auto'``, ``'mix'`` (the mean) or a channel from 0; see `parse_choice`.
    :ivar weights: ``(channels,)``, what each channel is multiplied by now.
    :ivar finding: what was found out about the channels, one sentence; '' while all are mixed.
    :raises AudioFormatError: on a channel that is not there.
    """

    def __init__(self, channels: int, sample_rate: int, choice: Choice = AUTO) -> None:
        self.channels = int(channels)
        self.sample_rate = int(sample_rate)
        self.choice = check_choice(parse_choice(choice), self.channels)
        self.weights = np.full(self.channels, 1.0 / self.channels)
        if not isinstance(self.choice, str):
            self.weights = np.eye(self.channels)[self.choice]
        self.finding = ''
        self._untold = ''
        self._told: FrozenSet[int] = frozenset()       # channels whose leaving out was said
        self._watches = self.choice == AUTO and self.channels > 1
        self._fading_from: Optional[np.ndarray] = None
        self._size = max(16, round(WINDOW_S * self.sample_rate))
        self._fade = max(1, round(FADE_S * self.sample_rate))
        self._window = np.zeros((self._size, self.channels))
        self._filled = 0
        self._watch = _ChannelWatch(self.channels, self.sample_rate, self._size)

    def take_news(self) -> str:
        """Return what was found out since the last call, one sentence; '' if nothing was."""
        news, self._untold = self._untold, ''
        return news

    def decode(self, data: Buffer) -> np.ndarray:
        """
        Take S16LE bytes, return ``(n,)`` float64 samples, full scale 1.

        :raises AudioFormatError: on half samples or frames.
        """
        return self.process(decode_frames(data, self.channels)) / PCM16_SCALE

    def process(self, frames: np.ndarray) -> np.ndarray:
        """
        Take ``(n, channels)`` samples, int16 or float with full scale 1; return ``(n,)`` float64.

        Integers come back in their own unit: 32767 is full scale.
        """
        if self.channels == 1:
            return np.asarray(frames[:, 0], np.float64)
        if not self._watches:
            return self._mixed(frames)
        parts, start = [], 0
        scale = 1.0 / PCM16_SCALE if frames.dtype.kind == 'i' else 1.0
        while start < len(frames):
            part = frames[start:start + self._size - self._filled]
            parts.append(self._faded(part))
            self._window[self._filled:self._filled + len(part)] = part
            self._filled += len(part)
            start += len(part)
            if self._filled == self._size:
                self._filled = 0
                self._change(*self._watch.look(self._window * scale, self.weights))
        return np.concatenate(parts) if parts else np.zeros(0)

    def _mixed(self, frames: np.ndarray) -> np.ndarray:
        used = np.flatnonzero(self.weights)
        if used.size == 1 and self.weights[used[0]] == 1.0:
            return np.asarray(frames[:, used[0]], np.float64)
        if np.ptp(self.weights) == 0.0:        # exact for integers
            kind = np.int64 if frames.dtype.kind == 'i' else np.float64
            result: np.ndarray = frames.sum(axis=1, dtype=kind) / self.channels
            return result
        result = frames[:, used] @ self.weights[used]
        return result

    def _faded(self, frames: np.ndarray) -> np.ndarray:
        mixed = self._mixed(frames)
        if self._fading_from is not None and self._filled < self._fade:
            share = (self._filled + 1 + np.arange(len(frames))) / self._fade
            share = np.clip(share, 0.0, 1.0)
            mixed = share * mixed + (1.0 - share) * (frames @ self._fading_from)
        return mixed

    def _change(self, weights: np.ndarray, finding: str) -> None:
        self._fading_from = None
        if np.array_equal(weights, self.weights):
            return
        self._fading_from, self.weights = self.weights, weights
        told = frozenset(np.flatnonzero(weights < weights.max() * 0.5).tolist())
        if finding and not told <= self._told:
            self._untold = finding
            self._told |= told
        self.finding = finding


class _ChannelWatch:
    """What the channels carried in the last seconds, and the weights that follow from it."""

    def __init__(self, channels: int, sample_rate: int, size: int) -> None:
        self._channels = channels
        frequencies = np.fft.rfftfreq(size, 1.0 / sample_rate)
        band = np.flatnonzero((frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1]))
        self._bins = band[::max(1, channels ** 2 * len(band) // MOST_CROSS_POWERS)]
        self._taper = np.hanning(size + 1)[:size, None]
        # So that a window's sum over bins is its mean square.
        self._unit = 2.0 * len(band) / max(1, len(self._bins)) / (
            size * float(np.sum(self._taper ** 2)))
        self._keep = 1.0 - WINDOW_S / MEMORY_S
        self._cross = np.zeros((len(self._bins), channels, channels), complex)
        self._weight = 0.0
        self._levels: Deque[Any] = deque(maxlen=round(RECENT_S / WINDOW_S))
        self._floors: Deque[Any] = deque(maxlen=round(HELD_S / WINDOW_S))
        self._best: Optional[int] = None       # once channels were found to cancel each other
        self._odd = np.zeros(channels, int)    # windows that a channel is still left out

    def look(self, window: np.ndarray, weights: np.ndarray) -> Tuple[np.ndarray, str]:
        """Take one window ``(size, channels)``; return (weights, why they are so)."""
        window = np.nan_to_num(window, nan=0.0, posinf=0.0, neginf=0.0)
        spectrum = np.fft.rfft(window * self._taper, axis=0)[self._bins]
        cross = spectrum[:, :, None] * spectrum[:, None, :].conj() * self._unit
        self._cross = self._keep * self._cross + (1.0 - self._keep) * cross
        self._weight = self._keep * self._weight + (1.0 - self._keep)
        powers = np.einsum('fkk->k', cross).real
        self._levels.append(10.0 * np.log10(np.maximum(powers, 1e-15)))
        levels = np.array(self._levels)
        self._floors.append(np.quantile(levels, FLOOR_SHARE, axis=0))
        if len(levels) < FIRST_WINDOWS or levels.max() < DEAD_DB:
            return weights, ''
        floors, tops = np.max(self._floors, axis=0), levels.max(axis=0)
        wanted, finding = self._wanted(floors, tops)
        if np.array_equal(wanted > 0, weights > 0) and np.all(
                np.abs(20.0 * np.log10(np.maximum(wanted, 1e-9) / np.maximum(weights, 1e-9)))
                < CHANGE_DB):
            return weights, finding
        return wanted, finding

    def _wanted(self, floors: np.ndarray, tops: np.ndarray) -> Tuple[np.ndarray, str]:
        said = []
        live = (tops > DEAD_DB) & ~((tops < FAINT_DB) & (tops < tops.max() - FAINT_BELOW_DB))
        if not live.all():
            said.append(f'nothing comes on {_named(~live)}')
        shared = self._cross.sum(axis=0).real / self._weight
        odd = self._odd_ones(live, np.diag(shared))
        if odd.any():
            said.append(f'{_named(odd)} {_carries(odd)} another, louder sound than the others')
            live = live & ~odd
        above_db = np.where(live, floors - floors[live].min(), 0.0)
        hiding = above_db > HIDES_DB
        if hiding.any():
            said.append(f'{_named(hiding)} would hide the others')
        weights = np.where(live, np.where(hiding, 10.0 ** (-above_db / 20.0), 1.0), 0.0)
        weights /= live.sum()
        apart = float(np.sum(weights ** 2 * np.diag(shared)))
        cancels = float(weights @ shared @ weights) < CANCELS * apart
        if live.sum() > 1 and (cancels or self._best is not None):
            self._best = self._loudest(weights ** 2 * np.diag(shared))
            said.append('the channels cancel each other')
            return (np.eye(self._channels)[self._best],
                    f'{"; ".join(said)}: channel {self._best} is heard')
        if not said:
            return np.full(self._channels, 1.0 / self._channels), ''
        heard = live & ~hiding
        return weights, f'{"; ".join(said)}: {_named(heard)} {_is(heard)} heard'

    def _loudest(self, powers: np.ndarray) -> int:
        best = int(np.argmax(powers))
        hides = 10.0 ** (HIDES_DB / 10.0)
        if self._best is not None and powers[self._best] * hides > powers[best]:
            return self._best
        return best

    def _odd_ones(self, live: np.ndarray, powers: np.ndarray) -> np.ndarray:
        """Return which live channels drown a majority that carries one sound in common."""
        self._odd = np.maximum(self._odd - 1, 0)
        none = (self._odd > 0) & live
        if live.sum() < 3:
            result: np.ndarray = none & (live & ~none).any()
            return result
        each = np.einsum('fkk->fk', self._cross).real
        most = each[:, :, None] * each[:, None, :]
        common = np.sum(np.abs(self._cross) ** 2 / np.maximum(most, 1e-30)
                        * np.sqrt(np.maximum(most, 0.0)), axis=0)
        common /= np.maximum(np.sum(np.sqrt(np.maximum(most, 0.0)), axis=0), 1e-30)
        alike = (common > COHERENT) & live[:, None] & live[None, :]
        counts = alike.sum(axis=1)
        group = alike[int(np.argmax(counts))]
        if group.sum() <= live.sum() / 2 or group.sum() < 2:
            result = none
            return result
        loud = powers > np.median(powers[group]) * 10.0 ** (HIDES_DB / 10.0)
        self._odd[live & ~group & loud] = round(HELD_S / WINDOW_S)
        result = (self._odd > 0) & live & ~group
        return result


def _named(which: np.ndarray) -> str:
    numbers = np.flatnonzero(which)
    if numbers.size > 8:
        return f'{numbers.size} channels'
    return f'channel{"s" if numbers.size > 1 else ""} {", ".join(map(str, numbers))}'


def _is(which: np.ndarray) -> str:
    return 'is' if which.sum() == 1 else 'are'


def _carries(which: np.ndarray) -> str:
    return 'carries' if which.sum() == 1 else 'carry'
