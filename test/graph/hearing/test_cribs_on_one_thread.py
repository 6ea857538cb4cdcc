# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Cribs that share a thread and the weights decide what each decides alone, whoever comes when."""

from collections import Counter
import random
import threading

from baby_cry_detector.audio import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.decision import DecisionSettings
from baby_cry_detector.own_thread import OwnThread, SharedThread
from baby_cry_detector.stream.classification import Classifier
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.troubles import Troubles
import pytest
from recordings import SHIPPED
import soundfile

PATIENCE_S = 120.0
START_NS = 1_700_000_000_000_000_000
RATE, BLOCK = 16_000, 1280
SECONDS = 12


class Crib:
    """Reception, descriptors, network and decision of one crib, fed block by block."""

    def __init__(self, path, is_faulty: bool = False):
        counts: Counter = Counter()
        self.said: list = []
        troubles = Troubles(counts, lambda *what: None)
        self._classifier = Classifier(DecisionSettings(), troubles, confirmer='none')
        self._extraction = Extraction(self._classifier.listener.feature_set, troubles=troubles)
        self._extraction.on_format(FormatMessage(START_NS, AudioFormat(RATE, 1)))
        pcm, rate = soundfile.read(path, dtype='int16', frames=SECONDS * RATE)
        assert rate == RATE
        self._blocks = [pcm[at:at + BLOCK].tobytes() for at in range(0, len(pcm), BLOCK)]
        self._is_faulty, self._next = is_faulty, 0

    def step(self) -> bool:
        """Hear a block; return whether there are more."""
        if self._next == len(self._blocks):
            return False
        stamp_ns = START_NS + self._next * BLOCK * 1_000_000_000 // RATE
        data = self._blocks[self._next]
        self._next += 1
        if self._is_faulty and self._next % 3 == 0:
            data = data[:-1]                             # half a sample: refused
        for frames in self._extraction.on_audio(AudioMessage(stamp_ns, stamp_ns, 'c', data)):
            for decision in self._classifier.classification.on_frames(frames, 'c', 150_000_000):
                self.said.append(self._classifier.say(decision))
        return True


def paths():
    return [*sorted((SHIPPED / 'cry').rglob('*.flac'))[:3],
            *sorted((SHIPPED / 'not_cry').rglob('*.flac'))[:2]]


@pytest.fixture(scope='module')
def alone():
    said = []
    for path in paths():
        crib = Crib(path)
        while crib.step():
            pass
        said.append(crib.said)
    assert any(decision.crying for one in said for decision in one)
    return said


@pytest.mark.parametrize('seed', range(3))
def test_each_decides_what_it_decides_alone_in_any_order_beside_one_that_is_faulty(alone, seed):
    rng = random.Random(seed)
    cribs = [*(Crib(path) for path in paths()), Crib(paths()[0], is_faulty=True)]
    thread, done = SharedThread(), threading.Semaphore(0)
    recurring: list = []

    def call(number):
        for _ in range(rng.choice((0, 1, 1, 1, 4))):     # absent, on time, behind
            if not cribs[number].step():
                recurring[number].cancel()
                done.release()
                return
    lanes = [OwnThread(thread) for _ in cribs]
    for lane in lanes:
        lane.lock.acquire()
    recurring += [lane.every(rng.uniform(0.0, 2e-4), lambda number=number: call(number))
                  for number, lane in enumerate(lanes)]
    for lane in lanes:
        lane.lock.release()
    for _ in cribs:
        assert done.acquire(timeout=PATIENCE_S)
    assert [crib.said for crib in cribs[:-1]] == alone
