# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of each message of frames: the state machine of `cry_classifier`.

Pure: everything is decided from stamps; how long nothing arrived is told by who runs it.
"""

from dataclasses import replace
from typing import Iterator, Optional

from baby_cry_detector.decision import CryDecision, STATUS_DISABLED
from baby_cry_detector.decision.episode_sound import EpisodeSounds
from baby_cry_detector.model.second.confirmation import Confirmation
from baby_cry_detector.needs import STATUS_OK, STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener
from baby_cry_detector.stream.troubles import Troubles
from baby_cry_detector.units import SECOND_NS

NO_AUDIO_S = 2.0
# So many frames are not lost at once: who numbers them started anew.
MOST_FRAMES_LOST = 6000
# Frames that arrive again carry their old stamp, up to the rounding of the audio's clock.
REPEAT_TOLERANCE_NS = 5_000_000


class Classification:
    """
    Frames in order of arrival → decisions.

    :param listener: network and decision.
    :param no_audio_timeout_s: silence of the frames after which the status is NO_AUDIO.
    :param troubles: told what goes wrong.
    :param confirmation: the second listener; ``None``: there is none.
    :param sounds: told of each episode's frames; ``None``: nobody is.
    :ivar enabled: whether frames are listened to; see `enable`.
    :ivar next_start_ns: stamp at which the next frame should start; 0 before the first.
    """

    def __init__(self, listener: FrameListener, no_audio_timeout_s: float = NO_AUDIO_S,
                 troubles: Optional[Troubles] = None,
                 confirmation: Optional[Confirmation] = None,
                 sounds: Optional[EpisodeSounds] = None) -> None:
        self.listener = listener
        self.confirmation = confirmation
        self.sounds = sounds
        self.troubles = troubles or Troubles()
        self.enabled = True
        self.next_start_ns = 0
        self._timeout_ns = round(no_audio_timeout_s * SECOND_NS)
        self._next_frame: Optional[int] = None
        self._is_silent = False        # as far as the clock tells; stamps decide what is missing
        self._resumed_ns: Optional[int] = None
        self._trouble = ''             # why what is heard is not to be trusted
        self._said = (STATUS_OK, '')

    def on_frames(self, frames: StampedFrames, frame_id: str = '',
                  period_ns: int = 0) -> Iterator[CryDecision]:
        """
        Yield the decision after each frame; all are taken only if this is run to its end.

        :param frames: ``(n, F)`` values of the listener's feature set.
        :param frame_id: names the crib; '' leaves its name.
        :param period_ns: yield decisions that change, and one once so long, instead of all.
        """
        if frame_id:
            self.listener.decider.crib_id = frame_id
        if not self.enabled:
            return
        self._trouble = frames.trouble
        if not len(frames.values):
            yield self._judged(self.listener.decider.idle(frames.start_ns))
            return
        start_ns, first, values = frames.start_ns, frames.first_frame, frames.values
        samples = frames.samples
        hop_ns = self.listener.hop_ns
        if self._next_frame is not None:
            repeated = self._next_frame - first
            if repeated > 0 and abs(self.next_start_ns - start_ns
                                    - repeated * hop_ns) < REPEAT_TOLERANCE_NS:
                self.troubles.report('frames_repeated', f'frame {first} arrived again')
                first, start_ns = first + repeated, start_ns + repeated * hop_ns
                values = values[repeated:]
                if samples is not None:
                    samples = samples[repeated * self.listener.feature_set.hop_length:]
                if not len(values):
                    return
            elif repeated:
                self._lose_continuity(first)
        self._is_silent = False
        self._next_frame = first + len(values)
        self.next_start_ns = start_ns + len(values) * hop_ns
        nonfinite = self.listener.runtime.nonfinite_values
        if self.confirmation is not None:
            self.confirmation.operating_point = self.listener.decider.settings.operating_point
            self.confirmation.hear(start_ns, samples)
        for decision in self.listener.process(start_ns, values, period_ns):
            yield self._judged(decision)
        if self.sounds is not None:
            decider = self.listener.decider
            self.sounds.hear(values, decider.episode if decider.crying else None)
        self._resumed_ns = None
        if self.listener.runtime.nonfinite_values > nonfinite:
            self.troubles.report('nonfinite_features',
                                 'frame_features holds NaN or infinite values')

    def on_silence(self, silent_ns: Optional[int], now_ns: int) -> Optional[CryDecision]:
        """
        Return what is to be said while no frames arrive; ``None`` if there is nothing to say.

        :param silent_ns: time since the last frames arrived; ``None`` if there were none.
        :param now_ns: the time on the clock of the stamps, for as long as there were none.
        """
        decider = self.listener.decider
        stamp_ns = now_ns if silent_ns is None else self.next_start_ns + silent_ns
        if not self.enabled:
            self._trouble = ''
            return self._judged(decider.idle(stamp_ns, STATUS_DISABLED))
        if silent_ns is None or silent_ns > self._timeout_ns:
            if self._next_frame is not None and not self._is_silent:
                self._is_silent = True
                self.troubles.report('no_audio', 'no features arrive any more')
            self._trouble = ''
            return self._judged(decider.idle(stamp_ns))
        decision = decider.decision()
        return self._judged(decision) if decision.status != STATUS_DISABLED else None

    def enable(self, enabled: bool) -> None:
        """Stop or resume listening; an episode in progress ends with the next `on_silence`."""
        if self.enabled and not enabled:
            self.listener.runtime.reset()
            self._next_frame = None
        self.enabled = enabled

    def resume(self, episode, heard_until_ns: int) -> None:
        """Go on with an episode that a process before this one left in progress."""
        self._resumed_ns = int(heard_until_ns)
        self.listener.decider.resume(episode, heard_until_ns)

    @property
    def resumed_ns(self) -> Optional[int]:
        """Return up to when a process before this one heard; ``None`` once frames came."""
        return self._resumed_ns

    def reset(self) -> None:
        """Forget what was heard: network, smoothing and the episode in progress."""
        self.listener.reset()
        if self.sounds is not None:
            self.sounds.forget()
        self._next_frame = self._resumed_ns = None

    def forget_frames(self) -> None:
        """Expect frames of a new stream next."""
        self._next_frame = None

    def _judged(self, decision: CryDecision) -> CryDecision:
        """Return a decision with the second listener's, and the status that the audio deserves."""
        if self.confirmation is not None:
            decision = self.confirmation.judge(decision)
        status, reason = decision.status, ''
        if self._trouble:
            status, reason = STATUS_UNTRUSTED_AUDIO, self._trouble
        said, self._said = self._said, (status, reason)
        if self._trouble or said != self._said:
            return replace(decision, status=status, status_reason=reason,
                           changed=decision.changed or said != self._said)
        return decision

    def _lose_continuity(self, first: int) -> None:
        assert self._next_frame is not None
        lost = first - self._next_frame
        if 0 < lost <= MOST_FRAMES_LOST:
            self.troubles.count('frames_lost', lost)
        self.troubles.report(
            'continuity_lost', f'expected frame {self._next_frame}, got {first}: the network '
            'starts again, an episode in progress goes on')
        self.listener.lose_continuity()
