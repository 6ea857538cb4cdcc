# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Training examples: streams of several seconds, chained from augmented crops of one fold's clips.

A detector on a robot hears one endless stream, so it is trained on streams: crops of cries, of
other sounds and of silence follow each other, the state runs on, and the features are extracted
from the chained audio exactly as in service. Every crop starts at a random place: every prefix of
a cry is a training example. A stream takes all of its sounds from one fold, so that leaving a
fold out leaves out everything that was ever heard of it.
"""

from dataclasses import dataclass
import fnmatch
from typing import Any, Callable, Optional, Sequence, Tuple, Union

from baby_cry_detector.fields import setting, Settings, share
from baby_cry_detector.research.sounds import augment as aug
from baby_cry_detector.research.sounds.long_sounds import SamplesOnDisk
from baby_cry_detector.research.sounds.made_sounds import made_sound
from baby_cry_detector.research.sounds.made_voices import made_voice
import numpy as np

FRAME_LENGTH = 400
HOP_LENGTH = 160
FRAMES_PER_S = 100


@dataclass(frozen=True)
class StreamOptions(Settings):
    """How training streams are chained."""

    length_s: float = setting(8.0, 'Length of one stream.', minimum=0.1)
    per_fold: int = setting(1000, 'Number of streams made from each fold.', minimum=1)
    cry_share: float = share(0.45, 'Probability that a segment is a cry.')
    quiet_share: float = share(0.07, 'Probability that a segment is silence or faint noise.')
    made_share: float = share(0.0, 'Probability that a segment is a made tune, beep or horn.')
    voice_share: float = share(
        0.0, 'Probability that a segment is a made laugh, babble, siren, whistle or fiddle, see '
        'made_voices.py.')
    rarity_power: float = setting(
        0.5, 'A kind of sound with n clips is drawn with weight n**(1 - power).')
    crop_low_s: float = setting(0.5, 'Shortest crop.', minimum=0.0)
    crop_high_s: float = setting(4.0, 'Longest crop.', minimum=0.0)
    p_long_crop: float = share(0.25, 'Probability that a crop is up to the whole clip.')
    p_bed: float = share(0.3, 'Probability of a noise bed under the whole stream.')
    p_hum: float = share(
        0.0, 'Probability of mains hum (50 or 60 Hz with harmonics) under the whole stream.')
    emphasis: Tuple[Any, ...] = setting(
        (), 'Pairs of a glob on the label and a factor for how often such sounds are drawn; the '
        'first that fits counts.')

    def factor_of(self, label: str) -> float:
        """Return the emphasis on a label, 1 where none is asked for."""
        for glob, factor in self.emphasis:
            if fnmatch.fnmatch(label, glob):
                return float(factor)
        return 1.0


@dataclass(frozen=True)
class Sound:
    """
    A clip in memory, or on disk (see `long_sounds.py`).

    :param samples: float32 mono at 16 kHz; what it must know is len() and slices.
    :param loud: boolean per 10 ms frame: within 15 dB of the clip's loud parts. Not looked at
        in other sounds than cries.
    :param crying: boolean per 10 ms frame, by ear; None where nobody has marked it.
    """

    index: int
    samples: Union[np.ndarray, SamplesOnDisk]
    loud: np.ndarray
    is_cry: bool
    label: str
    crying: Optional[np.ndarray] = None


@dataclass
class Stream:
    """
    One training example.

    :param samples: float64, 160 * n_frames + 240 samples: exactly n_frames frames.
    :param target: (n_frames,) 1 = crying, 0 = not.
    :param weight: (n_frames,) how much a frame counts.
    :param segment: (n_frames,) number of the segment within the stream.
    :param clip: (n_frames,) index of the clip, -1 = made silence.
    """

    samples: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    segment: np.ndarray
    clip: np.ndarray


def frame_level_db(samples: np.ndarray) -> np.ndarray:
    """Return the level of each 25 ms frame (hop 10 ms) in dB of full scale, floor -100."""
    n_frames = (len(samples) - FRAME_LENGTH) // HOP_LENGTH + 1
    if n_frames < 1:
        return np.zeros(0)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=float))])
    starts = np.arange(n_frames) * HOP_LENGTH
    mean = (energy[starts + FRAME_LENGTH] - energy[starts]) / FRAME_LENGTH
    return 10.0 * np.log10(np.maximum(mean, 1e-10))


def loud_frames(samples: np.ndarray, range_db: float = 15.0) -> np.ndarray:
    """
    Return which frames belong to the sound rather than to what surrounds it.

    Loud is within ``range_db`` of the clip's 95th percentile, on 5-frame means.
    """
    return _loud(frame_level_db(samples), range_db)


def _loud(level: np.ndarray, range_db: float = 15.0) -> np.ndarray:
    if len(level) == 0:
        return np.zeros(0, bool)
    if len(level) >= 5:
        level = np.convolve(np.pad(level, 2, mode='edge'), np.ones(5) / 5, mode='valid')
    return level >= np.percentile(level, 95) - range_db


def first_sound_s(samples: np.ndarray) -> float:
    """Return when the first sound begins: the first loud frame followed by 4 of 5 loud ones."""
    return first_sound_of_levels_s(frame_level_db(samples))


def first_sound_of_levels_s(level_db: np.ndarray) -> float:
    """Return the same of a sound's levels, as `frame_level_db` gives them."""
    loud = _loud(level_db).astype(float)
    if len(loud) < 6:
        return 0.0
    share = np.convolve(loud, np.ones(6), mode='valid')
    found = np.flatnonzero((share >= 5) & (loud[:len(share)] > 0))
    return float(found[0]) / FRAMES_PER_S if len(found) else 0.0


class StreamMaker:
    """Makes the training streams of one fold, the same ones for the same seed."""

    def __init__(self, sounds: Sequence[Sound], options: StreamOptions,
                 augmentation: aug.Augmentation, seed: int):
        """
        Keep the sounds of ONE fold.

        :raises ValueError: if the fold has no cry or no other sound.
        """
        self._options = options
        self._augmentation = augmentation
        self._seed = seed
        self._cries = [sound for sound in sounds if sound.is_cry]
        self._others = [sound for sound in sounds if not sound.is_cry]
        if not self._cries or not self._others:
            raise ValueError('expected at least one cry and one other sound in every fold; got '
                             f'{len(self._cries)} cries and {len(self._others)} others')
        self._cry_weights = np.full(len(self._cries), 1.0 / len(self._cries))
        labels = [sound.label for sound in self._others]
        counts = {label: labels.count(label) for label in set(labels)}
        weights = np.array([counts[label] ** -options.rarity_power * options.factor_of(label)
                            for label in labels])
        self._other_weights = weights / weights.sum()

    def make(self, number: int) -> Stream:
        """Return stream ``number`` (any integer from 0)."""
        rng = np.random.default_rng([self._seed, number])
        n_frames = int(round(self._options.length_s * FRAMES_PER_S))
        samples = np.zeros(n_frames * HOP_LENGTH + FRAME_LENGTH - HOP_LENGTH)
        target = np.zeros(n_frames, np.float32)
        weight = np.zeros(n_frames, np.float32)
        segment = np.zeros(n_frames, np.int16)
        clip = np.full(n_frames, -1, np.int32)
        frame, count, crying = 0, 0, False
        while frame < n_frames:
            piece, piece_target, piece_weight, is_cry, index = self._segment(rng, crying)
            stop = min(n_frames, frame + max(1, len(piece) // HOP_LENGTH))
            first, last = frame * HOP_LENGTH, min(len(samples), stop * HOP_LENGTH)
            if stop == n_frames:
                last = len(samples)
            use = min(len(piece), last - first)
            samples[first:first + use] += piece[:use]
            target[frame:stop] = piece_target[:stop - frame]
            weight[frame:stop] = piece_weight[:stop - frame]
            segment[frame:stop] = count
            clip[frame:stop] = index
            frame, count, crying = stop, count + 1, is_cry
        if rng.random() < self._options.p_bed:
            bed = aug.coloured_noise(len(samples), rng.uniform(0.0, 6.0), rng)
            samples += bed * aug.decibels_to_factor(rng.uniform(-80.0, -40.0))
        if rng.random() < self._options.p_hum:
            samples += aug.mains_hum(len(samples), rng)
        peak = np.abs(samples).max()
        if peak > 1.0:  # clip a little, as microphones do, but do not square the wave
            samples = np.clip(samples / max(1.0, peak / 1.5), -1.0, 1.0)
        samples = np.round(samples * 32767.0) / 32767.0
        return Stream(samples, target, weight, segment, clip)

    def _segment(self, rng, was_crying: bool):
        draw = rng.random()
        if draw < self._options.quiet_share:
            return self._quiet(rng, was_crying)
        draw -= self._options.quiet_share
        if draw < self._options.made_share:
            return self._made(rng, was_crying, made_sound)
        draw -= self._options.made_share
        if draw < self._options.voice_share:
            return self._made(rng, was_crying, made_voice)
        is_cry = draw - self._options.voice_share < self._options.cry_share
        pool = self._cries if is_cry else self._others
        weights = self._cry_weights if is_cry else self._other_weights
        sound = pool[int(rng.choice(len(pool), p=weights))]
        x, first = self._crop(rng, sound)
        overlay = None
        if self._augmentation.p_overlay > 0:
            other = self._others[int(rng.choice(len(self._others), p=self._other_weights))]
            start = int(rng.integers(0, max(1, len(other.samples) // 2)))
            # As much as the crop can become; the rest of a long recording is not read.
            needed = int(len(x) / (1 - self._augmentation.speed_range)) + HOP_LENGTH
            overlay = other.samples[start:start + 2 * needed].astype(float)
        y = aug.fade(aug.augment(x, rng, self._augmentation, overlay))
        n_frames = max(1, len(y) // HOP_LENGTH)
        if not is_cry:
            return y, np.zeros(n_frames, np.float32), _other_weight(n_frames, was_crying), \
                False, sound.index
        # Frame of the clip that each frame of the changed crop was; speed may differ.
        origin = first + np.arange(n_frames) * len(x) // max(len(y), 1)
        if sound.crying is not None:
            return (y, *_marked(_at(sound.crying, origin)), True, sound.index)
        return (y, np.ones(n_frames, np.float32), _cry_weight(_at(sound.loud, origin)), True,
                sound.index)

    def _crop(self, rng, sound: Sound):
        options = self._options
        total_s = len(sound.samples) / aug.SAMPLE_RATE
        high = total_s if rng.random() < options.p_long_crop else options.crop_high_s
        length_s = min(total_s, rng.uniform(options.crop_low_s, max(options.crop_low_s, high)))
        n = max(HOP_LENGTH, int(length_s * aug.SAMPLE_RATE))
        loud = sound.loud if sound.crying is None else sound.crying
        best = (0, -1)
        for _ in range(6):
            start = int(rng.integers(0, max(1, len(sound.samples) - n + 1)))
            inside = loud[start // HOP_LENGTH:(start + n) // HOP_LENGTH]
            if inside.sum() > best[1]:
                best = (start, int(inside.sum()))
            if not sound.is_cry or inside.sum() >= 25:
                break
        start = best[0]
        return sound.samples[start:start + n].astype(float), start // HOP_LENGTH

    def _quiet(self, rng, was_crying: bool):
        n = int(rng.uniform(0.3, 3.0) * aug.SAMPLE_RATE)
        y = np.zeros(n)
        if rng.random() < 0.6:
            y = aug.coloured_noise(n, rng.uniform(0.0, 6.0), rng)
            y *= aug.decibels_to_factor(rng.uniform(-95.0, -35.0))
        n_frames = max(1, n // HOP_LENGTH)
        return y, np.zeros(n_frames), _other_weight(n_frames, was_crying), False, -1

    def _made(self, rng, was_crying: bool, make: Callable):
        x = make(int(rng.uniform(0.8, 4.0) * aug.SAMPLE_RATE), rng)
        y = aug.fade(aug.augment(x, rng, self._augmentation))
        n_frames = max(1, len(y) // HOP_LENGTH)
        return y, np.zeros(n_frames), _other_weight(n_frames, was_crying), False, -1


def _cry_weight(loud: np.ndarray) -> np.ndarray:
    """From the first loud frame: 0 for 0.1 s, rising to 1 at 0.4 s; low in long pauses."""
    weight = np.zeros(len(loud), np.float32)
    found = np.flatnonzero(loud)
    if not len(found):
        return weight
    first = int(found[0])
    age = np.arange(len(loud)) - first
    weight[:] = np.clip((age - 10) / 30.0, 0.0, 1.0)
    last_loud = np.maximum.accumulate(np.where(loud, np.arange(len(loud)), -1000))
    weight[np.arange(len(loud)) - last_loud > 80] *= 0.3
    return weight


def _at(values: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return boolean ``values`` at frames, the last one beyond the end."""
    return values[np.minimum(frames, len(values) - 1)] if len(values) else frames < 0


def _marked(crying: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """
    Return target and weight of frames that somebody marked as crying or not.

    A cry counts fully from 0.15 s after its beginning. What is not marked counts as no cry,
    half, from 0.6 s after a cry on; the breaths between are left open.
    """
    n = np.arange(len(crying))
    since_quiet = n - np.maximum.accumulate(np.where(~crying, n, -1))
    since_cry = n - np.maximum.accumulate(np.where(crying, n, -1000))
    weight = np.where(crying, np.clip((since_quiet - 5) / 10.0, 0.0, 1.0),
                      np.where(since_cry >= 60, 0.5, 0.0))
    return crying.astype(np.float32), weight.astype(np.float32)


def _other_weight(n_frames: int, was_crying: bool) -> np.ndarray:
    """1 throughout; after a cry 0 for 0.2 s, then rising to 1 at 0.6 s."""
    if not was_crying:
        return np.ones(n_frames, np.float32)
    return np.clip((np.arange(n_frames) - 20) / 40.0, 0.0, 1.0).astype(np.float32)
