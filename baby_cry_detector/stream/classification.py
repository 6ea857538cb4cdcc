# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of each message of frames: the state machine of `cry_classifier`, and what it says.

`Classification` is pure: everything is decided from stamps; how long nothing arrived is told by
who runs it. `Classifier` is all that the node is but for its topics: it opens the checkpoint, the
second listener and the file of the episode in progress around that.
"""

from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from baby_cry_detector.decision import CryDecision, DecisionSettings, STATUS_DISABLED
from baby_cry_detector.decision.episode_sound import EpisodeSound, EpisodeSounds
from baby_cry_detector.decision.episodes import Episode
from baby_cry_detector.model.second.confirmation import Confirmation
from baby_cry_detector.model.second.on_thread import SecondListener
from baby_cry_detector.needs import STATUS_NO_AUDIO, STATUS_OK, STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.stream.episode_journal import EpisodeKeeper
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener, model_id, shared_checkpoint
from baby_cry_detector.stream.troubles import Troubles
from baby_cry_detector.stream.verdict import ERROR, OK, WARN
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
        if confirmation is not None:
            listener.decider.ask_from(confirmation.confirmer.hint_threshold)

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
        decider = self.listener.decider
        if self.confirmation is not None:
            self.confirmation.operating_point = decider.settings.operating_point
            self.confirmation.hear(start_ns, samples)
            agreed = self.confirmation.take_agreement(start_ns, decider.crying)
            if agreed is not None:
                decider.agree(*agreed)
        for decision in self.listener.process(start_ns, values, period_ns):
            yield self._judged(decision)
        if self.confirmation is not None:
            self.confirmation.follow(
                decider.hint_since_ns, decider.crying,
                self.next_start_ns - hop_ns + self.listener.lookahead_ns)
        if self.sounds is not None:
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
            self._forget_second()
        self.enabled = enabled

    def resume(self, episode: Episode, heard_until_ns: int) -> None:
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
        self._forget_second()
        if self.sounds is not None:
            self.sounds.forget()
        self._next_frame = self._resumed_ns = None

    def _forget_second(self) -> None:
        if self.confirmation is not None:
            self.confirmation.forget()

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


class Classifier:
    """
    One crib's classifier.

    :param settings: of the decision.
    :param troubles: told what goes wrong.
    :param model: as of `open_checkpoint`.
    :param confirmer: as of `open_confirmation`.
    :param crib_id: names episodes until frames name the crib.
    :param kept_as: under which name the episode in progress is kept; '': it is not.
    :param keep_sound: called with a crib and how an episode sounded; ``None``: nobody asks.
    :ivar classification: the state machine that takes the frames.
    :ivar model: name and version of the checkpoint.
    :ivar distrust: why the microphone is not what it should be; '' where it is.
    :ivar mismatch: why the frames that arrive can't be used; '' where they can.
    :ivar last: what was said last; ``None`` before anything was.
    """

    def __init__(self, settings: DecisionSettings, troubles: Troubles, model: str = '',
                 confirmer: str = '', no_audio_timeout_s: float = NO_AUDIO_S, crib_id: str = '',
                 kept_as: str = '',
                 keep_sound: Optional[Callable[[str, EpisodeSound], object]] = None) -> None:
        checkpoint, weights = shared_checkpoint(model)
        self.listener = FrameListener(checkpoint, settings, crib_id, weights)
        self.model = model_id(model)
        self._second = SecondListener(confirmer, troubles.report)
        self._troubles, self._keep_sound = troubles, keep_sound
        sounds = None if keep_sound is None else EpisodeSounds(
            self.listener.feature_set, self._on_sound)
        self.classification = Classification(self.listener, no_audio_timeout_s, troubles,
                                             self._second.confirmation, sounds)
        self.distrust = self.mismatch = ''
        self.last: Optional[CryDecision] = None
        self._keeper = EpisodeKeeper(kept_as, troubles.report) if kept_as else None

    def begin(self, is_enabled: bool) -> Iterator[str]:
        """
        Go on with what a process before this one left in progress; yield what a log is to say.

        :param is_enabled: False where it was told to stop listening.
        """
        self.classification.enable(is_enabled)
        yield (f'model {self.model}: hears {self.listener.feature_set.id}, '
               f'needs {", ".join(self.listener.decider.labels[1:]) or "not told"}')
        if self._keeper is not None and self._keeper.found is not None:
            self.classification.resume(*self._keeper.found)
            yield (f'{self._keeper.found[0].episode_id} was in progress: it goes on if crying '
                   'is heard again soon, and is closed otherwise')

    def on_silence(self, silent_ns: Optional[int], now_ns: int, active_ns: int
                   ) -> Optional[CryDecision]:
        """
        Return what is to be said while no frames arrive; see `Classification`.

        :param active_ns: for how long this has listened: before anything is heard, an episode of
            a process before this one goes on from where that one ended.
        """
        resumed_ns = self.classification.resumed_ns
        return self.classification.on_silence(
            silent_ns, now_ns if resumed_ns is None else resumed_ns + active_ns)

    def say(self, decision: CryDecision) -> CryDecision:
        """Return a decision as it is to be said; what was said once is never forgotten."""
        self._keep(decision.stamp_ns)
        if self.mismatch and not decision.is_heard:
            decision = replace(decision, status_reason=self.mismatch)
        # The sound server knows what the audio only lets one guess.
        if self.distrust and (decision.is_heard or decision.status == STATUS_UNTRUSTED_AUDIO):
            decision = replace(decision, status=STATUS_UNTRUSTED_AUDIO,
                               status_reason=self.distrust)
        self.last = decision
        return decision

    @property
    def cry_probability(self) -> float:
        """Return what was said last; 0 before anything was."""
        return 0.0 if self.last is None else self.last.cry_probability

    @property
    def crying(self) -> Optional[CryDecision]:
        """Return what was said last, if it was that somebody cries."""
        return self.last if self.last is not None and self.last.crying else None

    def forget(self) -> None:
        """Forget what was heard: network, smoothing and the episode in progress."""
        self.classification.reset()
        self._keep(0)

    def rest(self, is_ending: bool) -> None:
        """Listen no more; where the process ends, what is kept of the episode stays."""
        self.mismatch = ''
        self.classification.forget_frames()
        if not is_ending:
            self.forget()

    def close(self) -> None:
        """Give thread and file back; the file stays as it is."""
        self._second.close()
        if self._keeper is not None:
            self._keeper.close()

    def _on_sound(self, sound: EpisodeSound) -> None:
        assert self._keep_sound is not None
        try:
            self._keep_sound(self.listener.decider.crib_id, sound)
        except OSError as error:
            self._troubles.report('sound_not_kept',
                                  f'how an episode sounded is not kept: {error}')

    def _keep(self, heard_until_ns: int) -> None:
        if self._keeper is not None:
            self._keeper.note(self.listener.decider, heard_until_ns)

    def details(self) -> Dict[str, Any]:
        """Return what the diagnostics show."""
        decider, confirmation = self.listener.decider, self.classification.confirmation
        settings = decider.settings
        details: Dict[str, Any] = {
            'enabled': self.classification.enabled, 'model': self.model, 'hardware_id': self.model,
            'feature_set': self.listener.feature_set.id,
            'enter_threshold': round(settings.enter_threshold, 4),
            'leave_threshold': round(settings.leave_threshold, 4),
            'min_cry_duration_s': settings.min_cry_duration_s, 'hold_s': settings.hold_s}
        if decider.invalid_steps:
            details.update(invalid_steps=decider.invalid_steps)
        if confirmation is not None:
            details.update(confirmer_windows=confirmation.windows)
            if confirmation.trouble:
                details.update(second_listener=confirmation.trouble)
        if self.last is not None:
            details.update(cry_probability=round(self.last.cry_probability, 3),
                           crying=self.last.crying, last_episode=self.last.episode_id)
        return details

    def health(self) -> Tuple[int, str]:
        """Return (level, sentence) of a classifier that runs."""
        if not self.classification.enabled:
            return OK, 'switched off'
        if self.last is not None and self.last.status == STATUS_NO_AUDIO:
            return ERROR, self.mismatch or 'no audio'
        if self.last is not None and self.last.status == STATUS_UNTRUSTED_AUDIO:
            return ERROR, self.last.why_not_heard
        if self._second.is_missing:
            return WARN, 'listening, without a second listener'
        return OK, 'listening'
