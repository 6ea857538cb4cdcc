# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Episodes of crying: from a smoothed probability to "it is crying since …".

A pure state machine fed with stamps. Two thresholds (hysteresis) say what is heard as crying;
an episode counts once enough crying was heard, and ends after a pause of ``hold_s``. Onset and
duration speak of the crying itself: the onset is back-dated to when the probability rose, and
neither the hold nor a gap in the audio makes an episode longer.

Missing audio is no pause, for nobody knows what was in it: gaps of up to ``hold_s`` (together,
between one crying and the next) leave an episode in progress, longer ones end it. How long a gap
was is decided by the stamps of the audio around it, at whatever speed that arrives.

A hint is what is not loud or clear enough to begin an episode, but may be crying. Nobody is told
of it. Where a second listener agrees (`agree`) it begins one, and keeps it going.
"""

from dataclasses import dataclass
import math
from typing import Optional

from baby_cry_detector.cry_state import episode_name
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.units import SECOND_NS

# A pause in what may become an episode: longer than a breath within crying (0.15-0.45 s), and
# much shorter than the hold, or scattered false alarms would add up to an episode.
CANDIDATE_PAUSE_NS = SECOND_NS // 2
# An episode that a process before this one left in progress can be resumed for this long.
RESUME_NS = 30 * SECOND_NS
# Audio that is missing for longer than a step by this much is a gap.
MIN_GAP_NS = SECOND_NS // 4
# Without audio an episode ends this much later than the stamps would end it: what is only late
# may still arrive, and then its stamps decide.
LATE_NS = SECOND_NS
# A hint lasts until nothing like it was heard for this long: what a second listener hears next
# still holds it.
HINT_NS = SECOND_NS
# An agreement lets hints count as crying for this long after what was agreed to: until the second
# listener has heard two windows more.
AGREED_NS = 3 * SECOND_NS // 2


@dataclass
class Episode:
    """
    One episode of crying, or what may become one.

    :param onset_ns: stamp at which the smoothed probability crossed the enter threshold.
    :param last_heard_ns: stamp up to which crying was heard.
    :param heard_ns: how much crying was heard.
    :param number: counted from 1; 0 as long as it does not count.
    :param episode_id: crib and onset; unique across restarts.
    """

    onset_ns: int
    last_heard_ns: int
    heard_ns: int = 0
    number: int = 0
    episode_id: str = ''

    @property
    def duration_ns(self) -> int:
        """Return the time from the onset to the newest crying."""
        return max(0, self.last_heard_ns - self.onset_ns)


class EpisodeTracker:
    """
    Follow a smoothed cry probability, step by step.

    :param settings: with thresholds (`DecisionSettings.resolved`).
    :param step_s: time that one step stands for.
    :param crib_id: first part of the episodes' names.
    :ivar hint_threshold: smoothed probability from which something may be crying; infinite where
        no second listener asks.
    """

    def __init__(self, settings: DecisionSettings, step_s: float = 0.01,
                 crib_id: str = '') -> None:
        self.crib_id = crib_id
        self.hint_threshold = math.inf
        self._hint_ns: Optional[int] = None    # when it was heard last
        self._hint_since_ns = 0
        self._agreed_ns: Optional[int] = None  # up to where, in the present episode
        self.count = 0                         # episodes so far
        self._step_ns = round(step_s * SECOND_NS)
        self._candidate: Optional[Episode] = None
        self._last: Optional[Episode] = None   # the present episode or the last one
        self._crying = False
        self._hearing = False
        self._time_ns: Optional[int] = None
        self._resumed_ns: Optional[int] = None  # nothing was heard since then
        self._deaf_ns = 0                      # part of the present pause in which none listened
        self._gap_ns = 0                       # part of it that is missing from the audio
        self.configure(settings)

    def configure(self, settings: DecisionSettings) -> None:
        """Take other settings, from the next step on."""
        if not settings.enter_threshold or not settings.leave_threshold:
            raise ValueError('expected settings with thresholds; resolve them first')
        self._enter = settings.enter_threshold
        self._leave = settings.leave_threshold
        self._min_heard_ns = round(settings.min_cry_duration_s * SECOND_NS)
        self._hold_ns = round(settings.hold_s * SECOND_NS)

    @property
    def crying(self) -> bool:
        """Return whether an episode is in progress (its pauses included)."""
        return self._crying

    @property
    def hearing(self) -> bool:
        """Return whether the last step was heard as crying."""
        return self._hearing

    @property
    def episode(self) -> Optional[Episode]:
        """Return the present episode or the last one; ``None`` before the first."""
        return self._last

    @property
    def current(self) -> Optional[Episode]:
        """Return the episode in progress, or what may become one; else ``None``."""
        return self._last if self._crying else self._candidate

    def update(self, time_ns: int, probability: float) -> bool:
        """
        Take one step.

        :param time_ns: stamp of the end of the audio that the probability speaks of.
        :param probability: smoothed, 0 to 1.
        :return: whether the baby is crying now.
        """
        self._resume_time(int(time_ns))
        time_ns = self._advance(int(time_ns))
        if probability >= self.hint_threshold:
            if self.hint_since_ns is None:
                self._hint_since_ns = time_ns
            self._hint_ns = time_ns
        episode = self.current
        if episode is None:
            self._hearing = probability >= self._enter
            if self._hearing:
                episode = self._candidate = Episode(time_ns, time_ns)
        else:
            # Within a pause too, only the enter threshold makes it cry again.
            threshold = self._leave if self._hearing else self._enter
            if self._agreed_ns is not None and time_ns - self._agreed_ns <= AGREED_NS:
                threshold = min(threshold, self.hint_threshold)
            self._hearing = probability >= threshold
        if self._hearing:
            assert episode is not None
            self._deaf_ns = self._gap_ns = 0
            episode.last_heard_ns = time_ns
            episode.heard_ns += self._step_ns
            if not self._crying and episode.heard_ns >= self._min_heard_ns:
                self._begin(episode)
        else:
            self._end_pauses(time_ns)
        return self._crying

    @property
    def hint_since_ns(self) -> Optional[int]:
        """Return since when there is what may be crying; ``None`` where there is nothing."""
        if self._hint_ns is None or self._time_ns is None:
            return None
        return self._hint_since_ns if self._time_ns - self._hint_ns <= HINT_NS else None

    def agree(self, onset_ns: int, until_ns: int) -> bool:
        """
        Take what a second listener heard as crying: it begins an episode, or keeps it going.

        :param onset_ns: stamp of the beginning of what it heard.
        :param until_ns: stamp of its end, at most the newest step's.
        :return: whether what is in progress is another than before.
        """
        is_new = self.current is None
        if not self._crying:
            last = self._last
            if self._time_ns is not None and self._time_ns - until_ns > self._hold_ns:
                return False                   # it would be over by now
            if last is not None and last.last_heard_ns >= until_ns:
                return False                   # that was the episode before
            if last is not None:
                onset_ns = max(onset_ns, last.last_heard_ns)
            episode = self._candidate or Episode(onset_ns, until_ns)
            episode.onset_ns = min(episode.onset_ns, onset_ns)
            episode.heard_ns = max(episode.heard_ns, until_ns - episode.onset_ns)
            self._begin(episode)
        assert self._last is not None
        if until_ns >= self._last.last_heard_ns:
            self._last.last_heard_ns = until_ns
            self._deaf_ns = self._gap_ns = 0
        self._agreed_ns = until_ns
        return is_new

    def gap(self) -> None:
        """
        Note that the audio is not continuous here.

        The next step is not taken as a continuation of what was heard. How much is missing,
        and whether an episode goes on, is seen from its stamp.
        """
        self._hearing = False

    def resume(self, episode: Episode, heard_until_ns: int) -> None:
        """
        Go on with an episode that a process before this one left in progress.

        The time until audio is heard again, up to 30 s, is no pause: nobody was listening.

        :param heard_until_ns: stamp of the newest audio that was heard then.
        """
        self._last, self._candidate = episode, None
        self._crying, self._hearing = True, False
        self.count = episode.number
        self._time_ns = self._resumed_ns = int(heard_until_ns)

    def advance(self, time_ns: int) -> bool:
        """
        Let time pass without audio; return whether the episode is still in progress.

        :param time_ns: the time, on the clock of the stamps; it is an estimate, so an episode
            ends only where no stamp of audio that is a little late could have kept it.
        """
        if self._crying and self._time_ns is not None:
            longest_ns = self._hold_ns - self._gap_ns + LATE_NS
            if self._resumed_ns is not None:
                longest_ns = max(longest_ns, RESUME_NS)
            if int(time_ns) - self._time_ns > longest_ns:
                self.close()
        return self._crying

    def close(self) -> None:
        """End the episode in progress, whatever follows."""
        self._crying = self._hearing = False
        self._candidate = self._resumed_ns = self._agreed_ns = None
        self._deaf_ns = self._gap_ns = 0

    def reset(self) -> None:
        """End the episode and forget the time; the number and the last episode stay."""
        self.close()
        self._time_ns = self._hint_ns = None

    def _resume_time(self, time_ns: int) -> None:
        if self._resumed_ns is None:
            return
        deaf_ns = time_ns - self._resumed_ns
        if 0 <= deaf_ns <= RESUME_NS:
            self._deaf_ns = deaf_ns
            self._time_ns = time_ns - self._step_ns
        self._resumed_ns = None

    def _advance(self, time_ns: int) -> int:
        previous = self._time_ns
        if previous is not None and previous - CANDIDATE_PAUSE_NS <= time_ns < previous:
            time_ns = previous                 # a small correction of the clock
        self._time_ns = time_ns
        if previous is not None and time_ns < previous:
            self._jump_back(time_ns, previous - time_ns)
        elif previous is not None and time_ns - previous - self._step_ns > MIN_GAP_NS:
            self._hearing = False
            self._gap_ns += time_ns - previous - self._step_ns
            if self._gap_ns > self._hold_ns:
                self.close()
        if not self._hearing:
            self._end_pauses(time_ns)
        return time_ns

    def _end_pauses(self, time_ns: int) -> None:
        """End what has not been heard for too long."""
        candidate = self._candidate
        if candidate is not None and time_ns - candidate.last_heard_ns > CANDIDATE_PAUSE_NS:
            self._candidate = None
        if self._crying:
            assert self._last is not None
            pause_ns = time_ns - self._last.last_heard_ns - self._deaf_ns - self._gap_ns
            if pause_ns > self._hold_ns:
                self.close()

    def _jump_back(self, time_ns: int, jump_ns: int) -> None:
        """Handle a clock that was set back, or a recording that starts again."""
        self._candidate = self._hint_ns = self._agreed_ns = None
        self._hearing = False
        if self._crying and jump_ns > self._hold_ns:
            self._crying = False
        elif self._crying:                     # else a pause could never end
            assert self._last is not None
            self._last.last_heard_ns = min(self._last.last_heard_ns, time_ns)
            self._deaf_ns = self._gap_ns = 0

    def _begin(self, episode: Episode) -> None:
        self.count += 1
        episode.number = self.count
        episode.episode_id = episode_name(self.crib_id, episode.onset_ns)
        self._last, self._candidate = episode, None
        self._crying = True
