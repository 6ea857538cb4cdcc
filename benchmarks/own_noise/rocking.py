# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The hearing of the graph with what is the robot's own: for `own_sound.py`, as messages bring it.

Extraction, network, decision and the second listener are those of the nodes; the probability goes
back to the extraction as it does in the graph.
"""

from baby_cry_detector.audio.formats import AudioFormat, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.audio.synthesis.rocking_motor import Motion, rocking_noise
from baby_cry_detector.care.sound.acoustics import as_heard
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.model.second.confirmation import open_confirmation
from baby_cry_detector.stream.classification import Classification
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.listener import FrameListener
import numpy as np

RATE, NS, BLOCK = 16_000, 10 ** 9, 640
ENCODER_NOISE_M, STATES_HZ = 2e-4, 50
ALONE_S = 45.0                 # that it rocks before the first cry
FULL_SCALE_DBA, CRY_DBA, MICROPHONE_M = 110.0, 70.0, 0.3


class Hearing:
    """
    A graph's ears.

    :param motion: how the crib is rocked; ``None``: nobody says.
    :param told: what the loudspeaker plays, at 16 kHz; ``None``: nobody says.
    :ivar episodes: (onset, end) in seconds of each.
    """

    def __init__(self, checkpoint, motion=None, told=None) -> None:
        self._classification = Classification(FrameListener(checkpoint),
                                              confirmation=open_confirmation())
        self.extraction = Extraction(FeatureSet.from_dict(checkpoint.feature_set))
        self.extraction.on_format(FormatMessage(NS, AudioFormat(RATE, 1)))
        self._motion, self._told = motion, told
        if told is not None:
            self.extraction.on_own_format('own_sound', FormatMessage(NS, AudioFormat(RATE, 1)))
        self._rng, self._states, self._at = np.random.default_rng(1), 0, 0
        self.episodes, self.highest, self._onset_s = [], 0.0, None

    def hear(self, samples: np.ndarray) -> None:
        """Take samples of the microphone, as many as there are."""
        pcm = to_pcm16(samples).astype('<i2')
        for first in range(0, len(pcm), BLOCK):
            stamp_ns = NS + self._at * NS // RATE
            self._tell(stamp_ns)
            block = pcm[first:first + BLOCK]
            self._take(self.extraction.on_audio(
                AudioMessage(stamp_ns, stamp_ns, 'crib', block.tobytes())))
            self._at += len(block)

    def finish(self) -> None:
        """Complete what is owed."""
        self._take(self.extraction.finish())
        if self._onset_s is not None:
            self.episodes.append((self._onset_s, self._at / RATE))

    def _tell(self, stamp_ns: int) -> None:
        while self._motion is not None and self._states * RATE <= self._at * STATES_HZ:
            time_s = self._states / STATES_HZ
            place = self._motion.position(np.array([time_s]))[0]
            self.extraction.own_motion.phase.add(
                NS + round(time_s * NS), place + self._rng.normal(0.0, ENCODER_NOISE_M))
            self._states += 1
        if self._told is not None:
            block = to_pcm16(self._told[self._at:self._at + BLOCK]).astype('<i2')
            self.extraction.on_own_sound('own_sound', AudioMessage(
                stamp_ns, stamp_ns, 'crib', block.tobytes()))

    def _take(self, blocks) -> None:
        for frames in blocks:
            for decision in self._classification.on_frames(frames, 'crib', 0):
                time_s = (decision.stamp_ns - NS) / NS
                self.highest = max(self.highest, decision.cry_probability)
                if decision.crying and self._onset_s is None:
                    self._onset_s = time_s
                elif not decision.crying and self._onset_s is not None:
                    self.episodes.append((self._onset_s, time_s))
                    self._onset_s = None
            if len(frames.values):
                self.extraction.on_probability(decision.cry_probability)


def found(checkpoint, stream, places, cries, motion=None):
    """Return (cries found, episodes that are none, the hearing) of a stream with cries in it."""
    hearing = Hearing(checkpoint, motion)
    hearing.hear(stream)
    hearing.finish()
    spans = [(place / RATE, (place + len(cry)) / RATE) for place, cry in zip(places, cries)]
    hits = sum(any(onset < end_s + 1.0 and end > start_s for onset, end in hearing.episodes)
               for start_s, end_s in spans)
    false = sum(not any(onset < end_s + 1.0 and end > start_s for start_s, end_s in spans)
                for onset, end in hearing.episodes)
    return hits, false, hearing


def rocking_stream(cries, machine: int, ratio_db: float, room, level_db, gap_s: float):
    """
    Return (samples, where the cries begin) of a crib that rocks all the time.

    :param ratio_db: of a cry, while it cries, to the noise of rocking, in dB(A); ``None``: no
        noise.
    :param room: called with (count, rng): the noise of the room.
    :param level_db: called with samples: their level while somebody cries, in dBFS(A).
    """
    rng, places, at = np.random.default_rng(machine), [], round(ALONE_S * RATE)
    for samples in cries:
        places.append(at)
        at += len(samples) + round(gap_s * RATE)
    stream = room(at, rng)
    if ratio_db is not None:
        noise = rocking_noise(at / RATE, Motion(), np.random.default_rng(machine))[:at]
        stream = stream + as_heard(noise, CRY_DBA - ratio_db, MICROPHONE_M, RATE, FULL_SCALE_DBA,
                                   machine)
    for place, samples in zip(places, cries):
        gain_db = CRY_DBA - FULL_SCALE_DBA - level_db(samples)
        stream[place:place + len(samples)] += samples * 10 ** (gain_db / 20)
    return stream, places


def print_rocking(checkpoint, cries, machines: int, room, level_db, gap_s: float) -> None:
    """Print what is found while it rocks, by machine: without its motion known, and with it."""
    def share(machine, ratio_db, motion):
        stream, places = rocking_stream(cries, machine, ratio_db, room, level_db, gap_s)
        hits, false, hearing = found(checkpoint, stream, places, cries, motion)
        return hits / len(cries), false, hearing

    print(f'{len(cries)} cries while it rocks (0.5 Hz, {machines} machines that are drawn); share '
          'found, and episodes that are none')
    still, false, _ = share(0, None, None)
    print(f'no noise: {still:.2f}, {false}')
    print(f'{"cry above it":<14}{"machine":>8}{"motion not known":>20}{"known":>14}')
    for ratio_db in (0.0, 10.0):
        shares = []
        for machine in range(machines):
            without, false, _ = share(machine, ratio_db, None)
            known, with_false, hearing = share(machine, ratio_db, Motion())
            shares.append((without, known))
            print(f'{ratio_db:+.0f} dB{machine:>16}{without:>16.2f}, {false}{known:>12.2f}, '
                  f'{with_false}  {hearing.extraction.own_motion.figures()["own_motion"]}',
                  flush=True)
        print(f'{ratio_db:+.0f} dB, all: ' + ', '.join(
            f'{value:.2f}' for value in np.mean(shares, axis=0)))
