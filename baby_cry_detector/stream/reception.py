# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What arrives, what of it can be used, and why not: judged over seconds, said with its remedy.

Judges of the stamps (`stamps`), of the signal (`ear`) and of what it was (`ear_memory`), of what
is missing in it (`dropouts`), of how its samples are written (`byte_order`), of messages that are
no audio, and of what the robot heard when it played something itself (`self_test`).
"""

from collections import deque
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.audio.dropouts import DropoutCounter
from baby_cry_detector.stream.arrival.byte_order import ByteOrderJudge
from baby_cry_detector.stream.ear import Ear
from baby_cry_detector.stream.ear_memory import EarHistory
from baby_cry_detector.stream.self_test import SelfTest
from baby_cry_detector.stream.stamps import StampJudge
from baby_cry_detector.stream.verdict import ERROR, FINE, Verdict, WARN, worst
from baby_cry_detector.units import SECOND_NS
import numpy as np

# Messages of which nothing can be used, in a row for so long (or so many), are no accident.
USELESS_NS = 2 * SECOND_NS
LEAST_USELESS, MANY_USELESS = 3, 200
# So many formats in so long, and it is not one publisher that says them.
MANY_FORMATS, FORMATS_WITHIN_NS = 4, 60 * SECOND_NS
# Of the newest audio, where several publishers send at once.
MOST_LOST_TO_OTHERS = 0.05
# With half of it in holes of 40 ms each of seven real cries was missed, with a quarter none.
TOO_MANY_DROPOUTS = 0.4


class Reception:
    """
    The judges of one stream.

    :param stamp_tolerance_s: jitter of the stamps that still counts as continuous.
    :param floors_db: what `Ear.kept` returned in a process before this one.
    """

    def __init__(self, stamp_tolerance_s: float, floors_db: Sequence[float] = ()) -> None:
        self.stamps = StampJudge(stamp_tolerance_s)
        self.ear = Ear(floors_db)
        self.history = EarHistory()
        self.self_test = SelfTest()
        self.byte_order = ByteOrderJudge()
        self.dropouts = DropoutJudge()
        self._useless = 0
        self._useless_since_ns = 0
        self._useless_verdict = self._formats_verdict = FINE
        self._crowd_verdict = FINE
        self._formats: Deque[Tuple[Any, ...]] = deque(maxlen=MANY_FORMATS)

    @property
    def verdict(self) -> Verdict:
        """Return the gravest judgement."""
        return worst(self._useless_verdict, self._formats_verdict, self.byte_order.verdict,
                     self._crowd_verdict, self.stamps.verdict, self.ear.verdict,
                     self.dropouts.verdict, self.self_test.verdict, self.history.verdict)

    @property
    def is_useless(self) -> bool:
        """Return whether nothing of what arrives can be used."""
        return self._useless_verdict is not FINE

    def on_useless(self, arrival_ns: int, kind: str, sentence: str) -> None:
        """Take a message of which nothing can be used."""
        if not self._useless:
            self._useless_since_ns = arrival_ns
        self._useless += 1
        lasted = (self._useless >= LEAST_USELESS
                  and arrival_ns - self._useless_since_ns >= USELESS_NS)
        if lasted or self._useless >= MANY_USELESS:
            self._useless_verdict = Verdict(ERROR, kind, sentence, False)

    def on_other_format(self, arrival_ns: int, said: str) -> None:
        """Take that the format changed while audio came; ``said`` names the new one."""
        self._formats.append((arrival_ns, said))
        if len(self._formats) == MANY_FORMATS and (
                arrival_ns - self._formats[0][0] <= FORMATS_WITHIN_NS):
            names = ' and '.join(dict.fromkeys(name for _, name in self._formats))
            self._formats_verdict = Verdict(
                ERROR, 'formats', f'audio_info says one format after the other ({names}): do '
                'several publishers send it? Let each crib hear one', False)

    def on_publishers(self, names: Sequence[str]) -> None:
        """
        Take who sends the audio at once; where nobody tells, their stamps alone have to.

        Copies that somebody repeats are heard once and cost nothing: no trouble.
        """
        if len(names) < 2 or (self.stamps.bad_share <= MOST_LOST_TO_OTHERS
                              and self.stamps.verdict.level < ERROR):
            self._crowd_verdict = FINE
        else:
            self._crowd_verdict = Verdict(
                ERROR, 'publishers', f'{len(names)} publishers of audio: {", ".join(names)}. What '
                'one sends hides the other; a crib has one microphone, give each a namespace',
                False)

    def on_used(self, samples: Optional[np.ndarray], sample_rate: int, digest: int,
                arrival_ns: int = 0) -> bool:
        """
        Take a block that was decoded; return whether the ear has learnt something new.

        :param samples: ``(n,)`` of it; ``None`` where it was dropped.
        """
        self._useless, self._useless_verdict = 0, FINE
        if self._formats and arrival_ns - self._formats[-1][0] > FORMATS_WITHIN_NS:
            self._formats.clear()
            self._formats_verdict = FINE
        if samples is None:
            return False
        self.self_test.on_samples(samples, sample_rate, self.ear.floor_db)
        self.dropouts.update(samples, sample_rate, digest)
        self.history.update(samples, sample_rate, self.verdict.trusted)
        if self.self_test.is_proven:           # heard since the last block: it is as it should be
            self.self_test.is_proven = False
            self.history.accept()
        self.self_test.is_wanted = self.history.is_unusual
        return self.ear.update(samples, sample_rate, digest)

    def on_silence(self) -> None:
        """Note that no messages arrive: whatever comes after a pause, one publisher may send."""
        self._useless, self._useless_verdict = 0, FINE
        self._formats.clear()
        self._formats_verdict = self._crowd_verdict = FINE

    def resume(self, floors_db: Sequence[float], self_test: Dict[str, Any],
               hours: Sequence[Sequence[float]] = ()) -> None:
        """
        Take what `kept` returned in a process before this one.

        :raises ValueError: if it makes no sense.
        """
        self.ear.resume(floors_db)
        self.self_test.resume(self_test)
        self.history.resume(hours)

    def kept(self) -> Tuple[List[float], Dict[str, Any], List[List[float]]]:
        """Return what is known of this microphone: its levels, its self-test, its hours."""
        return self.ear.kept(), self.self_test.kept(), self.history.kept()

    def forget_microphone(self) -> None:
        """Learn anew: it is another microphone, or stands elsewhere."""
        self.ear.forget_microphone()
        self.history.forget()
        self.self_test.forget()

    def forget(self) -> None:
        """Forget the stream, not the microphone."""
        self.on_silence()
        self.stamps.reset()
        self.ear.reset()
        self.byte_order.reset()
        self.dropouts.reset()


class DropoutJudge:
    """
    Judge what is missing in the signal.

    :ivar verdict: what is to be said.
    """

    def __init__(self) -> None:
        self._counter = DropoutCounter()
        self.verdict = FINE

    def reset(self) -> None:
        """Forget what was heard."""
        self._counter.reset()
        self.verdict = FINE

    def update(self, samples: np.ndarray, sample_rate: int, digest: int) -> None:
        """Take a block, as of `DropoutCounter.update`."""
        self._counter.update(samples, sample_rate, digest)
        found = self._counter.found
        if found is None:
            self.verdict = FINE
            return
        trusted = found.share < TOO_MANY_DROPOUTS
        if self.verdict.kind == found.kind and self.verdict.trusted == trusted:
            return                     # said once, not anew each second with other figures
        what = 'holes' if found.kind == 'holes' else 'repeated blocks'
        self.verdict = Verdict(
            WARN if trusted else ERROR, found.kind,
            f'{found.number} {what} in {found.seconds} s of audio ({found.share:.0%} of it): '
            'samples do not come in time; is its driver, its cable or the machine overloaded?'
            + ('' if trusted else ' A cry may be missed'), trusted)
