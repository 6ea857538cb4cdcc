# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Does the robot hear itself? A soft chirp is played, and the microphone must have it.

It is the one test that a microphone of another room, a covered one and one that a driver feeds
with somebody else's noise all fail. Pure: samples come in, whoever runs it plays the chirp.
"""

from dataclasses import dataclass, replace
import math
from typing import Any, Dict, List, Optional

from baby_cry_detector.audio.chirp import CHIRP_S, ChirpFinding, find_chirp
from baby_cry_detector.stream.verdict import ERROR, FINE, Verdict, WARN
from baby_cry_detector.units import SECOND_NS
import numpy as np

HEARD, NOT_HEARD, CANNOT_TELL = 'heard', 'not heard', 'cannot tell'
# A loudspeaker may take so long until it sounds (Bluetooth, a sleeping amplifier).
LATEST_S = 4.0
WINDOW_S = LATEST_S + CHIRP_S + 0.5
LONGEST_S = 30.0               # of audio for one chirp, until somebody says that it plays
ATTEMPTS = 3                   # an amplifier that wakes up swallows the first
# Without an earlier test nobody knows how loud it should be: about as the room itself, but a
# microphone of the deaf sort still gives so much for 40 dB(A).
LEAST_EXPECTED_DBFS, BELOW_FLOOR_DB = -80.0, 5.0
MUCH_QUIETER_DB = 15.0         # than before: said, although it was heard
LATEST_NS = 2 ** 31 * SECOND_NS     # what a message's stamp can say
FADING_DB = 3.0                # what it was is forgotten by so much from test to test


@dataclass(frozen=True)
class Outcome:
    """
    What a test said.

    :param result: `HEARD`, `NOT_HEARD` or `CANNOT_TELL`.
    :param sentence: for people.
    :param level_dbfs: of the chirp at the microphone, RMS; NaN unless heard.
    """

    result: str
    sentence: str
    level_dbfs: float = math.nan


class SelfTest:
    """
    One test at a time, of up to `ATTEMPTS` chirps.

    :ivar last: the newest outcome; ``None`` before the first.
    :ivar usual_dbfs: how loud the chirp was before; ``None`` before it was heard.
    :ivar heard_ns: when the chirp was last heard, wall clock; 0 for never.
    :ivar verdict: what is to be said of the microphone because of it.
    :ivar is_wanted: whether the microphone is less than it was, so that a test is worth its chirp.
    :ivar is_proven: whether the chirp was heard; whoever takes note of it sets that back.
    :ivar is_running: whether a test goes on; `last` has the outcome when it has ended.
    :ivar wants_chirp: whether a chirp is to be played now; whoever plays it calls `on_playing`.
    """

    def __init__(self) -> None:
        self.last: Optional[Outcome] = None
        self.usual_dbfs: Optional[float] = None
        self.heard_ns = 0
        self.verdict = FINE
        self._blocks: List[np.ndarray] = []
        self._rate = 0
        self._collected_s = 0.0
        self._until_s = 0.0
        self._attempts = 0
        self._findings: List[ChirpFinding] = []
        self.is_running = self.wants_chirp = self.is_wanted = self.is_proven = False

    def begin(self) -> None:
        """Begin a test; the first chirp may sound from now on."""
        self.is_running, self._attempts, self._findings = True, 0, []
        self._listen()
        self.wants_chirp = True

    def on_playing(self) -> None:
        """Take note that the chirp is being played: `WINDOW_S` of audio from now on decide."""
        self._until_s, self.wants_chirp = self._collected_s + WINDOW_S, False

    def on_samples(self, samples: np.ndarray, sample_rate: int,
                   floor_dbfs: Optional[float] = None) -> None:
        """
        Take what the microphone gives.

        :param samples: ``(n,)`` mono, 1.0 is full scale.
        :param floor_dbfs: the quietest that this microphone is in this room, if that is known.
        """
        if not self.is_running:
            return
        if sample_rate != self._rate:
            self._blocks, self._rate = [], sample_rate
        self._blocks.append(samples)
        self._collected_s += len(samples) / sample_rate
        if self._collected_s > LONGEST_S:
            self.give_up('nobody said that the chirp was played')
        elif self._until_s and self._collected_s >= self._until_s:
            self._look(floor_dbfs)

    def give_up(self, why: str) -> None:
        """End the test without a result, for want of a loudspeaker or of audio."""
        self._end(Outcome(CANNOT_TELL, f"the self-test can't tell: {why}"))

    def forget(self) -> None:
        """Forget what was known: it is another microphone, or stands elsewhere."""
        self.last = self.usual_dbfs = None
        self.heard_ns = 0
        self.verdict = FINE

    def note_time(self, now_ns: int) -> None:
        """Take the wall clock at the end of a test: it dates what was heard."""
        if self.last is not None and self.last.result == HEARD:
            self.heard_ns = now_ns

    def kept(self) -> Dict[str, Any]:
        """Return what is to be known after a restart."""
        return {'usual_dbfs': self.usual_dbfs, 'heard_ns': self.heard_ns,
                'failed': self.verdict.sentence if not self.verdict.trusted else ''}

    def resume(self, document: Dict[str, Any]) -> None:
        """
        Take what `kept` returned in a process before this one.

        :raises ValueError: if it makes no sense.
        """
        usual, failed = document.get('usual_dbfs'), document.get('failed', '')
        heard_ns = document.get('heard_ns', 0)     # of a file that is older: never
        if usual is not None and (isinstance(usual, bool) or not isinstance(usual, (int, float))
                                  or not -120.0 <= usual <= 0.0):
            raise ValueError('what was kept of the self-test makes no sense')
        if not isinstance(failed, str) or len(failed) > 500 or not failed.isprintable():
            raise ValueError('what was kept of the self-test makes no sense')
        if type(heard_ns) is not int or not 0 <= heard_ns < LATEST_NS:
            raise ValueError('what was kept of the self-test makes no sense')
        self.heard_ns = heard_ns
        self.usual_dbfs = None if usual is None else float(usual)
        if failed:
            self.verdict = Verdict(ERROR, 'self_test', failed, False)
            self.last = Outcome(NOT_HEARD, failed)

    # --- in here ---------------------------------------------------------------------------------
    def _listen(self) -> None:
        self._blocks, self._collected_s, self._until_s = [], 0.0, 0.0

    def _look(self, floor_dbfs: Optional[float]) -> None:
        sound = np.concatenate(self._blocks)
        if len(sound) < 2 * CHIRP_S * self._rate:          # the format changed meanwhile
            self._until_s = self._collected_s + WINDOW_S
            return
        self._attempts += 1
        try:
            finding = find_chirp(sound, self._rate)
        except ValueError as error:
            self.give_up(str(error))
            return
        self._findings.append(finding)
        if finding.is_found:
            self._end(self._judge_chirp(finding))
        elif self._attempts < ATTEMPTS:
            self._listen()
            self.wants_chirp = True
        else:
            self._end(self._judge_silence(floor_dbfs))

    def _judge_chirp(self, finding: ChirpFinding) -> Outcome:
        outcome = Outcome(HEARD, f'the chirp was heard after {finding.delay_s:.1f} s at '
                                 f'{finding.level_dbfs:.0f} dBFS', finding.level_dbfs)
        usual = self.usual_dbfs
        self.verdict = FINE
        if usual is not None and finding.level_dbfs < usual - MUCH_QUIETER_DB:
            sentence = (f'the chirp of the self-test arrives {usual - finding.level_dbfs:.0f} dB '
                        'quieter than before: is the microphone covered or turned down?')
            outcome = replace(outcome, sentence=f'{outcome.sentence}; {sentence}')
            self.verdict = Verdict(WARN, 'self_test_quiet', sentence)
        self.usual_dbfs = max(finding.level_dbfs,
                              -120.0 if usual is None else usual - FADING_DB)
        return outcome

    def _judge_silence(self, floor_dbfs: Optional[float]) -> Outcome:
        """Judge by the quietest of the attempts: where it would have been heard, it was not."""
        quietest = min(self._findings, key=lambda finding: finding.noise_dbfs)
        expected = max(LEAST_EXPECTED_DBFS,
                       -120.0 if floor_dbfs is None else floor_dbfs - BELOW_FLOOR_DB)
        if self.usual_dbfs is not None:
            expected = self.usual_dbfs
        if quietest.detectable_dbfs > expected:
            return Outcome(CANNOT_TELL, "the self-test can't tell: it is too loud here "
                                        f'({quietest.noise_dbfs:.0f} dBFS)')
        return Outcome(NOT_HEARD, f'the robot did not hear its own chirp, {self._attempts} times: '
                                  'is the microphone covered, turned down or another one, or the '
                                  'loudspeaker off?')

    def _end(self, outcome: Outcome) -> None:
        self.is_running = self.wants_chirp = False
        self.last = outcome
        self._listen()
        self.is_proven = outcome.result == HEARD and self.verdict is FINE
        if outcome.result == NOT_HEARD:
            self.verdict = Verdict(ERROR, 'self_test', outcome.sentence, False)
