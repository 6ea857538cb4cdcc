# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whether the detector goes on hearing while the robot soothes.

For each made sound and scene (`care/sound/acoustics.py`: levels at the microphone by distance,
in a room that reverberates) it plays the sound all the time, lets recorded cries sound over it and
prints the share of cries that are found, the onset delay, and the false events an hour of the
sound alone. `none` is the same without the sound; `hiss` is full-band white noise, as a sleep
machine makes it, for comparison.

    BABY_CRY_DATA_DIR=... python benchmarks/own_sound.py [--cries N] [--folds DIR] [--cancel]

With `--cancel` what is played is known, as `own_sound` of the graph says it, and taken out of what
is heard (`audio/echo/`); the sound comes 80 ms after that, in a room of `--decay` seconds by image
sources (pip install pyroomacoustics). `benchmarks/echo.py` measures the canceller by itself.

With `--rocking` a mechanism rocks the crib all the time (`audio/synthesis/rocking_motor.py`), and
the cries are as loud as it and 10 dB louder: found without its motion being known, and with it.

With `--false-events` nobody cries: each made sound, taken out, and rocking, its motion known, for
so many hours together. With `--others` cries sound beside what nobody tells of.

With `--folds` (of `baby-cry train --folds`) each cry is heard by the detector that was not trained
on it; otherwise the shipped detector hears them, which knows most of them.
"""

import argparse
from pathlib import Path
import sys
import time

from baby_cry_detector.audio.loudness.weighting import AWeighting, leq_dbfs
from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.care.sound.acoustics import as_heard, SCENES
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS, make_sound
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.research.evaluation.scoring import probabilities_of_stream
from baby_cry_detector.research.evaluation.streams import episodes_of
from baby_cry_detector.research.training.manifest import default_data_dir, load_clips
from baby_cry_detector.stream.listener import open_checkpoint
from echo import cancelled, image_source_response, through
import numpy as np
from own_noise.alone import print_false_events, print_others
from own_noise.rocking import print_rocking

RATE = 16_000
FULL_SCALE_DBA = 110.0         # of the microphone; the detector does not read the level
ROOM_DBA = 30.0
GAP_S = 6.0                    # of the robot's sound alone before each cry
GRACE_S = 1.0


def own_sound(name: str, count: int, seed: int) -> np.ndarray:
    """Return ``count`` samples of a made sound, of `hiss`, or of nothing."""
    if name == 'none':
        return np.zeros(count)
    if name == 'hiss':
        return np.random.default_rng(seed).standard_normal(count)
    return make_sound(name, RATE, seed).take(count)


def crying_level_db(samples: np.ndarray) -> float:
    """Return the A-weighted level of a recording while it cries, in dBFS(A)."""
    weighted = np.square(AWeighting(RATE).process(samples))
    step = RATE // 8
    blocks = weighted[:len(weighted) // step * step].reshape(-1, step).mean(axis=1)
    loud = blocks[blocks > blocks.max() * 0.01]
    return float(10 * np.log10(loud.mean()))


def room(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the noise of a quiet room."""
    from baby_cry_detector.audio.synthesis.household import room_noise
    return as_heard(room_noise(count / RATE, rng)[:count], ROOM_DBA, 2.0, RATE, FULL_SCALE_DBA)


def quantised(samples: np.ndarray) -> np.ndarray:
    """Return what a 16-bit microphone gives."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767) / 32767


class Cancelling:
    """
    What becomes of a stream before the detector hears it.

    :param decay_s: of an image-source room; 0: as without it, nothing is taken out.
    """

    def __init__(self, decay_s: float = 0.0) -> None:
        self.decay_s = decay_s

    def own(self, name: str, count: int, level_dba: float, distance_m: float, seed: int):
        """Return (the robot's sound as the microphone hears it, as it is told)."""
        sound = own_sound(name, count, seed)
        if not self.decay_s:
            return as_heard(sound, level_dba, distance_m, RATE, FULL_SCALE_DBA, seed), sound
        heard = through(sound, image_source_response(self.decay_s, distance_m))
        level_db = level_dba - FULL_SCALE_DBA - leq_dbfs(heard, RATE)
        return heard * 10 ** (level_db / 20), quantised(0.3 * sound / np.abs(sound).max())

    def __call__(self, stream: np.ndarray, told) -> np.ndarray:
        """Return what the detector hears."""
        heard = quantised(stream)
        return cancelled(heard, told)[0] if self.decay_s and told is not None else heard


def found(checkpoint, name: str, scene, cries, seed: int, cancelling):
    """Return (cries found, onset delays) with a sound running all the time."""
    rng = np.random.default_rng(seed)
    gap = round(GAP_S * RATE)
    places, at = [], gap
    for samples in cries:
        places.append(at)
        at += len(samples) + gap
    stream, told = room(at, rng), None
    if name != 'none':
        own, told = cancelling.own(name, at, scene.own_dba, scene.own_to_microphone_m, seed)
        stream += own
    for place, samples in zip(places, cries):
        level_db = scene.cry_at_microphone_dba - FULL_SCALE_DBA - crying_level_db(samples)
        stream[place:place + len(samples)] += samples * 10 ** (level_db / 20)
    episodes = detect(checkpoint, cancelling(stream, told))
    hits, delays = 0, []
    for place, samples in zip(places, cries):
        start_s, end_s = place / RATE, (place + len(samples)) / RATE
        over = [onset for onset, end in episodes if onset < end_s + GRACE_S and end > start_s]
        hits += bool(over)
        delays += [onset - start_s for onset in over[:1] if onset >= start_s]
    return hits, delays


def detect(checkpoint, stream: np.ndarray):
    """Return (onset, end) of each episode that the detector with its defaults hears."""
    lookahead_s = FeatureSet.from_dict(checkpoint.feature_set).lookahead_s
    return episodes_of(checkpoint, probabilities_of_stream(checkpoint, stream),
                       lookahead_s)


def false_events(checkpoint, name: str, seconds: float, seed: int, cancelling):
    """Return (events, highest probability) of the sound alone, from 40 to 80 dB(A)."""
    events, highest = 0, 0.0
    for level_dba in (40.0, 50.0, 60.0, 70.0, 80.0):
        count = round(seconds / 5 * RATE)
        stream, told = room(count, np.random.default_rng(seed)), None
        if name != 'none':
            own, told = cancelling.own(name, count, level_dba, 0.2, seed)
            stream += own
        probability = probabilities_of_stream(checkpoint, cancelling(stream, told))
        lookahead_s = FeatureSet.from_dict(checkpoint.feature_set).lookahead_s
        events += len(episodes_of(checkpoint, probability, lookahead_s))
        window = round(checkpoint.smoothing_s * 100)
        mean = np.convolve(probability, np.ones(window) / window, 'valid')
        highest = max(highest, float(mean.max()))
    return events, highest


def chosen_cries(count: int, seed: int):
    """Return ``{fold: [samples]}`` of that many human-verified cries, evenly over the folds."""
    clips = [clip for clip in load_clips(default_data_dir()) if clip.is_cry]
    order = np.random.default_rng(seed).permutation(len(clips))[:count]
    folds = {}
    for index in sorted(order):
        folds.setdefault(clips[index].fold, []).append(read_audio(clips[index].file))
    return folds


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--cries', type=int, default=100)
    parser.add_argument('--minutes', type=float, default=60.0, help='of each sound alone')
    parser.add_argument('--sounds', default=','.join(('none', 'hiss', *MADE_SOUNDS)))
    parser.add_argument('--folds', type=Path, help='folder of cross-validation checkpoints')
    parser.add_argument('--model', default='', help='"" for the shipped detector, or is09')
    parser.add_argument('--cancel', action='store_true', help='take out what is played')
    parser.add_argument('--decay', type=float, default=0.4, help='RT60 of the room, with --cancel')
    parser.add_argument('--scenes', default='', help='parts of their names; empty: all')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--rocking', type=int, default=0, metavar='MACHINES',
                        help='instead: cries over the noise of that many mechanisms that rock')
    parser.add_argument('--false-events', type=float, default=0.0, metavar='HOURS',
                        help='instead: episodes in what the robot itself sounds like, known to it')
    parser.add_argument('--others', action='store_true',
                        help='instead: cries beside a fan, rain, a sleep machine')
    options = parser.parse_args()
    if not options.false_events and default_data_dir() is None:
        parser.error('no cries: BABY_CRY_DATA_DIR names no folder with manifest.csv')
    if options.false_events:
        print_false_events(open_checkpoint(options.model), options.false_events, options.seed,
                           Cancelling(options.decay), room, detect)
        return 0
    if options.others:
        clips = [read_audio(clip.file) for clip in load_clips(default_data_dir())
                 if clip.label == 'rain']
        cries = sum(chosen_cries(options.cries, options.seed).values(), [])
        print_others(open_checkpoint(options.model), cries, np.concatenate(
            [samples / samples.std() for samples in clips]), options.seed, room, crying_level_db,
            GAP_S, detect)
        return 0
    if options.rocking:
        cries = sum(chosen_cries(options.cries, options.seed).values(), [])
        print_rocking(open_checkpoint(options.model), cries, options.rocking, room,
                      crying_level_db, GAP_S)
        return 0
    cancelling = Cancelling(options.decay if options.cancel else 0.0)
    scenes = [scene for scene in SCENES if not options.scenes or any(
        part in scene.name for part in options.scenes.split(','))]
    folds = chosen_cries(options.cries, options.seed)
    total = sum(len(cries) for cries in folds.values())
    print(f'{total} cries; share found (median delay) by scene, cry above own sound in dB(A):')
    print(f'{"sound":<10}' + ''.join(f'{scene.name + f" {scene.ratio_db:+.0f}":>34}'
                                     for scene in scenes)
          + f'{"false events/h":>16}{"highest p":>11}{"s":>6}')
    shipped = open_checkpoint(options.model)
    for name in options.sounds.split(','):
        start_s, row = time.monotonic(), ''
        for scene in scenes:
            hits, delays = 0, []
            for fold, cries in folds.items():
                checkpoint = (open_checkpoint(options.folds / f'fold-{fold}.npz')
                              if options.folds else shipped)
                more, late = found(checkpoint, name, scene, cries, options.seed + fold, cancelling)
                hits, delays = hits + more, delays + late
            row += f'{f"{hits / total:.2f} ({np.median(delays or [np.nan]):.2f} s)":>34}'
        events, highest = false_events(shipped, name, 60 * options.minutes, options.seed,
                                       cancelling)
        row += f'{events / (options.minutes / 60):16.1f}{highest:11.3f}'
        print(f'{name:<10}{row}{time.monotonic() - start_s:6.0f}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
