# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A second, slower listener for what the first one takes for crying.

It hears nothing until an episode begins; then windows out of a ring buffer, the first ending where
the episode was announced, so it holds the episode's beginning. Each further one ends a hop
later, until it has agreed or the episode is over. It hears hints too: what the first listener
alone would tell nobody of. Where it agrees to one, that is an episode, confirmed from its
beginning, which goes on for as long as it agrees or the first hears it as well. All times are
those of the audio: an answer counts `LATENCY_NS` after the end of its window, whether it was
computed at once or beside the first listener, so recordings and the graph give the same.

Never silent: where it cannot work (no samples come along, it fails, it does not keep up) the
episode counts as without a second listener, at once.
"""

from dataclasses import dataclass, replace
from typing import Any, Callable, Optional, Protocol, Tuple

from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.model.second.confirmer import (Confirmer, load_confirmer,
                                                      WINDOW_SAMPLES)
from baby_cry_detector.model.second.sound_network import SAMPLE_RATE
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED)
from baby_cry_detector.units import SECOND_NS
import numpy as np

# From the end of a window until what was said of it counts.
LATENCY_NS = 200_000_000
# An answer that takes longer than this is none, and a window that is due for longer is not asked.
PATIENCE_NS = 2 * SECOND_NS
# Stamps of two blocks that differ by no more are continuous.
JITTER_NS = 50_000_000


NO_CONFIRMER = 'none'
NO_AUDIO = 'no audio comes along with the features'
TOO_SLOW = 'the second listener does not keep up'


class Work(Protocol):
    """An answer that is being computed; `concurrent.futures.Future` is one."""

    def done(self) -> bool:
        """Return whether it is there."""

    def result(self) -> float:
        """Return it, or raise what went wrong."""


Runner = Callable[[Callable[..., float], np.ndarray], Work]


class _Done:
    """Work that was done at once."""

    def __init__(self, function: Callable[..., float], samples: np.ndarray):
        self._error: Optional[Exception] = None
        self._answer = 0.0
        try:
            self._answer = function(samples)
        except Exception as error:     # told where the answer is taken, as from a thread
            self._error = error

    def done(self) -> bool:
        return True

    def result(self) -> float:
        if self._error is not None:
            raise self._error
        return self._answer


@dataclass
class _Episode:
    """What is known of the episode in progress, or of a hint."""

    name: str
    due_ns: int                        # end of the next window
    since_ns: int
    sums: Any                          # the newest answers
    state: int = CONFIRMATION_PENDING
    is_agreed: bool = False            # it was begun by an agreement


class Confirmation:
    """
    The second listener of one stream.

    :param confirmer: the network and its threshold.
    :param run: computes an answer, at once where none is given; a node gives a thread.
    :ivar operating_point: of the first listener; it has its own threshold.
    :ivar trouble: why it can't work, a sentence; '' where it can.
    :ivar windows: how many it heard.
    """

    def __init__(self, confirmer: Confirmer, run: Runner = _Done) -> None:
        self.confirmer = confirmer
        self.operating_point = ''
        self.trouble = ''
        self.windows = 0
        self._agreed: Optional[Tuple[int, int]] = None
        self._run = run
        # Beside the newest block: the longest window that is due is there as a whole.
        self._keep = confirmer.n_samples + PATIENCE_NS * SAMPLE_RATE // SECOND_NS
        self._hop_ns = round(confirmer.hop_s * SECOND_NS)
        self._refuse_ns = round(confirmer.refuse_after_s * SECOND_NS)
        self._episode: Optional[_Episode] = None
        self._hint: Optional[_Episode] = None
        self._begins = False           # the next episode is one that it agreed to
        self.forget_audio()

    def forget_audio(self) -> None:
        """Forget what was heard: what comes next does not go on from it."""
        self._audio = np.zeros(0, np.int16)
        self._end_ns = 0
        self._work: Optional[Work] = None
        self._work_of = ('', 0, 0)     # episode, beginning and end of what was heard

    def hear(self, start_ns: int, samples: Optional[np.ndarray]) -> None:
        """
        Take the audio of the frames whose decisions come next.

        :param start_ns: time of the first sample.
        :param samples: int16 at 16 kHz, any number; ``None`` where there are none.
        """
        if samples is None:
            self._audio = self._audio[:0]
            return
        if self.trouble == NO_AUDIO:
            self.trouble = ''
        if abs(start_ns - self._end_ns) > JITTER_NS:
            self._audio = self._audio[:0]
        kept = self._audio[-self._keep:]
        self._audio = np.concatenate((kept, np.asarray(samples, np.int16)))
        self._end_ns = start_ns + len(samples) * SECOND_NS // SAMPLE_RATE

    def judge(self, decision: CryDecision) -> CryDecision:
        """Return a decision with what the second listener says of it."""
        if not decision.crying:
            self._episode, self._begins = None, False
            return decision
        episode, stamp_ns = self._episode, decision.stamp_ns
        if episode is None or episode.name != decision.episode_id:
            episode = self._episode = self._new_episode(decision.episode_id, stamp_ns)
            before = CONFIRMATION_NONE
        else:
            before = episode.state
        if episode.state != CONFIRMATION_CONFIRMED:
            self._take_answer(episode, stamp_ns)
        if episode.state not in (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE):
            self._ask(episode, stamp_ns)
            if episode.state == CONFIRMATION_PENDING \
                    and stamp_ns - episode.since_ns >= self._refuse_ns:
                episode.state = CONFIRMATION_REFUSED
        state = episode.state
        return replace(
            decision, confirmation=state, changed=decision.changed or state != before,
            confirmed=state in (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE))

    def follow(self, since_ns: Optional[int], crying: bool, stamp_ns: int) -> None:
        """
        Hear what the first listener tells nobody of; `take_agreement` has what is crying.

        :param since_ns: beginning of what may be crying; ``None`` where there is nothing.
        :param crying: whether an episode is in progress.
        :param stamp_ns: of the newest step.
        """
        if since_ns is None or crying and not (self._episode and self._episode.is_agreed):
            self._hint = None
            return
        hint = self._hint
        if hint is None or hint.since_ns != since_ns:
            # Windows lie by its beginning, whatever the blocks; the first holds some of it.
            hops = max(1, (stamp_ns - since_ns) // self._hop_ns)
            hint = self._hint = _Episode(f' hint {since_ns}', since_ns + hops * self._hop_ns,
                                         since_ns, self.confirmer.pooling())
        self._take_answer(hint, stamp_ns)
        if hint.state == CONFIRMATION_CONFIRMED:
            self._agreed = self._work_of[1:]
        # A hint may last for hours: nothing that goes wrong once may end the listening. Where it
        # does not keep up it hears the newest window.
        hint.state = CONFIRMATION_PENDING
        late_ns = max(stamp_ns, self._end_ns) - hint.due_ns
        if late_ns >= self._hop_ns:
            hint.due_ns += late_ns // self._hop_ns * self._hop_ns
        self._ask(hint, stamp_ns)

    def take_agreement(self, start_ns: int, crying: bool) -> Optional[Tuple[int, int]]:
        """
        Return beginning and end in ns of what it agreed to and nobody took yet; ``None``: nothing.

        :param start_ns: of the frames that come next; an agreement of another time is dropped.
        :param crying: whether an episode is in progress; if not, this begins one.
        """
        agreed, self._agreed = self._agreed, None
        if agreed is None or not 0 <= start_ns + self._hop_ns - agreed[1] <= 2 * PATIENCE_NS:
            return None
        self._begins = not crying
        return agreed

    def forget(self) -> None:
        """Forget everything that was heard."""
        self._episode = self._hint = self._agreed = None
        self._begins = False
        self.forget_audio()

    def _new_episode(self, name: str, stamp_ns: int) -> _Episode:
        """Return an episode that was begun: by an agreement, or by the first listener alone."""
        is_agreed, self._begins = self._begins, False
        return _Episode(name, stamp_ns, stamp_ns, self.confirmer.pooling(),
                        CONFIRMATION_CONFIRMED if is_agreed else CONFIRMATION_PENDING, is_agreed)

    def _ask(self, episode: _Episode, stamp_ns: int) -> None:
        """Begin with the window that is due, if its audio is there."""
        if not self._audio.size or stamp_ns - episode.due_ns > PATIENCE_NS:
            # What is still being heard may be of another episode.
            self._give_up(episode, TOO_SLOW if self._work is not None else NO_AUDIO)
            return
        if episode.due_ns - stamp_ns > self._hop_ns + JITTER_NS:
            episode.due_ns = stamp_ns          # the clock was set back
        if self._work is not None or stamp_ns < episode.due_ns or self._end_ns < episode.due_ns:
            return
        skipped = (self._end_ns - episode.due_ns) * SAMPLE_RATE // SECOND_NS
        stop = len(self._audio) - skipped
        if stop <= 0:
            return
        # Where the stream has only begun there was silence before.
        wanted = self.confirmer.n_samples
        samples = np.pad(self._audio[max(0, stop - wanted):stop], (max(0, wanted - stop), 0))
        # What it says is of the newest of it; longer windows are for knowing that better.
        heard_ns = min(stop, WINDOW_SAMPLES) * SECOND_NS // SAMPLE_RATE
        self._work_of = (episode.name, episode.due_ns - heard_ns, episode.due_ns)
        self._work = self._run(self.confirmer.evidence, samples)
        self.windows += 1
        episode.due_ns += self._hop_ns

    def _take_answer(self, episode: _Episode, stamp_ns: int) -> None:
        work = self._work
        if work is None:
            return
        name, _, end_ns = self._work_of
        if not work.done():
            if name == episode.name and stamp_ns - end_ns > PATIENCE_NS:
                self._give_up(episode, TOO_SLOW)
            return
        if name == episode.name and stamp_ns - end_ns < LATENCY_NS:
            return
        self._work = None
        try:
            evidence = work.result()
        except Exception as error:     # whatever goes wrong in there, people are told of crying
            self._give_up(episode, f'the second listener failed: {error}')
            return
        if name != episode.name:
            return
        self.trouble = ''
        least = self.confirmer.threshold(self.operating_point)
        if episode is self._hint:
            least += self.confirmer.hint_margin
        if episode.sums.add(evidence) >= least:
            episode.state = CONFIRMATION_CONFIRMED

    def _give_up(self, episode: _Episode, why: str) -> None:
        self.trouble = why
        episode.state = CONFIRMATION_NONE


def open_confirmation(path: str = '', run: Runner = _Done) -> Optional[Confirmation]:
    """
    Return a second listener, or None where there is to be none.

    :param path: a file; '' for the shipped one, ``none`` for none.
    :param run: as of `Confirmation`.
    :raises ConfirmerError: one sentence on what is wrong with the file.
    """
    if path == NO_CONFIRMER:
        return None
    return Confirmation(load_confirmer(path or CONFIRMER, in_memory=False), run)
