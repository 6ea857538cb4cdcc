# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Between the messages and the objects of the pure core; the messages of audio topics.

Those are of the released audio_common_msgs. Another project has a package of that name with other
fields; where that one comes first on the path, one sentence says so.
"""

from array import array
from dataclasses import replace
from typing import Any, Optional

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.msg import CryNeed, FrameFeatures, NeedEstimate
from baby_cry_detector.needs import Need, need_of
from baby_cry_detector.ros.base.ros_time import (duration_from_nanoseconds, from_nanoseconds,
                                                 to_nanoseconds)
from baby_cry_detector.stream.intake import StampedFrames
import numpy as np
from std_msgs.msg import Header

EXPECTED = {'AudioData': {'data': 'sequence<uint8>'},
            'AudioDataStamped': {'header': 'std_msgs/Header',
                                 'audio': 'audio_common_msgs/AudioData'},
            'AudioInfo': {'channels': 'uint8', 'sample_rate': 'uint32', 'sample_format': 'string',
                          'coding_format': 'string'}}
WHAT_TO_DO = ('the package audio_common_msgs of ros-drivers/audio_common is needed (apt: '
              'ros-$ROS_DISTRO-audio-common-msgs)')


def _check(module, where: str) -> None:
    for name, fields in EXPECTED.items():
        message = getattr(module, name, None)
        fields_of = getattr(message, 'get_fields_and_field_types', dict)
        found: dict = fields_of()
        wrong = [field for field, kind in fields.items() if found.get(field) != kind]
        if wrong:
            raise ImportError(
                f'{WHAT_TO_DO}; another package of that name comes first on the path: {where} has '
                + (f'no {name}' if message is None else f'another {name} ({wrong[0]})'))


try:
    import audio_common_msgs.msg as _messages
except Exception as error:             # somebody else's package may raise anything
    raise ImportError(f'{WHAT_TO_DO} ({error})') from None
_check(_messages, str(getattr(_messages, '__file__', 'it')))
AudioData, AudioDataStamped, AudioInfo = (
    _messages.AudioData, _messages.AudioDataStamped, _messages.AudioInfo)

LARGEST_MESSAGE_FRAMES = 10_000
# Of the same name and type in `CryNeed` and `CryState`; the rest is converted.
SAME_FIELDS = ('status', 'status_reason', 'crying', 'confirmed', 'cry_probability', 'confidence',
               'intensity', 'episode_id', 'episode', 'need_basis', 'need_right', 'need_of',
               'need_base_right', 'need_reason', 'confirmation')


class FeatureError(ValueError):
    """A FrameFeatures message that does not fit; says what was expected."""


def audio_message(pcm: np.ndarray, stamp_ns: int, frame_id: str) -> Any:
    """Return int16 samples as an `AudioDataStamped`."""
    message = AudioDataStamped()
    message.header.stamp = from_nanoseconds(stamp_ns)
    message.header.frame_id = frame_id
    message.audio.data = array('B', pcm.astype('<i2').tobytes())
    return message


def info_message(sample_rate: int) -> Any:
    """Return the format of mono S16LE audio, an `AudioInfo`."""
    return AudioInfo(channels=1, sample_rate=sample_rate, sample_format='S16LE',
                     bitrate=sample_rate * 16, coding_format='wave')


def features_message(frames: StampedFrames, feature_set: str, frame_id: str) -> FrameFeatures:
    """Return frames as a message; their values are rounded to float32 here."""
    message = FrameFeatures(feature_set=feature_set, first_frame=frames.first_frame,
                            frame_count=len(frames.values), feature_count=frames.values.shape[1])
    message.header.stamp = from_nanoseconds(frames.start_ns)
    message.header.frame_id = frame_id
    message.trouble = frames.trouble
    # An array of the field's own type is taken as it is; a list would be checked one by one.
    message.values = array('f', frames.values.astype(np.float32).tobytes())
    if frames.samples is not None:
        message.samples = array('h', frames.samples.astype(np.int16).tobytes())
    return message


def frame_values(message: FrameFeatures, expected: FeatureSet) -> np.ndarray:
    """
    Return the rows of a message, ``(n, F)`` float32; none only where it tells a trouble.

    :raises FeatureError: if it is not of the expected feature set, or its sizes do not fit.
    """
    if message.feature_set != expected.id:
        raise FeatureError(
            f'the model hears {expected.id!r}, frame_features carries '
            f'{message.feature_set!r}: set the parameter feature_set of feature_extractor')
    rows, columns = message.frame_count, message.feature_count
    if columns != len(expected.columns) or not (
            (0 if message.trouble else 1) <= rows <= LARGEST_MESSAGE_FRAMES):
        raise FeatureError(f'expected 1 to {LARGEST_MESSAGE_FRAMES} frames of '
                           f'{len(expected.columns)} features, got {rows} of {columns}')
    values = np.asarray(message.values, np.float32)
    if values.size != rows * columns:
        raise FeatureError(f'expected {rows * columns} values, got {values.size}')
    return values.reshape(rows, columns)


def frame_samples(message: FrameFeatures, expected: FeatureSet) -> Optional[np.ndarray]:
    """
    Return the audio of a message's frames, int16; ``None`` where it carries none.

    :raises FeatureError: if it is not that of its frames.
    """
    samples = np.asarray(message.samples, np.int16)
    if not samples.size:
        return None
    if samples.size != message.frame_count * expected.hop_length:
        raise FeatureError(f'expected {message.frame_count * expected.hop_length} samples of '
                           f'{message.frame_count} frames, got {samples.size}')
    return samples


def stamped_frames(message: FrameFeatures, expected: FeatureSet) -> StampedFrames:
    """Return the frames of a message; see `frame_values` and `frame_samples`."""
    return StampedFrames(message.first_frame, to_nanoseconds(message.header.stamp),
                         frame_values(message, expected), message.trouble,
                         frame_samples(message, expected))


def need_message(state: CryState) -> CryNeed:
    """Return a state as a message; what can't be heard now is not claimed."""
    state = state.cleaned()
    return CryNeed(**{name: getattr(state, name) for name in SAME_FIELDS},
                   header=Header(stamp=from_nanoseconds(state.stamp_ns), frame_id=state.crib_id),
                   need=int(state.need), labels=list(state.labels),
                   probabilities=list(state.probabilities),
                   onset=from_nanoseconds(state.onset_ns),
                   duration=duration_from_nanoseconds(state.duration_ns))


def cry_state(message: CryNeed) -> CryState:
    """Return what a message of any sender says, without what can't be true."""
    return CryState(
        **{name: getattr(message, name) for name in SAME_FIELDS},
        stamp_ns=to_nanoseconds(message.header.stamp), crib_id=message.header.frame_id,
        need=need_of(message.need), labels=tuple(message.labels),
        probabilities=tuple(map(float, message.probabilities)),
        onset_ns=to_nanoseconds(message.onset),
        duration_ns=to_nanoseconds(message.duration)).cleaned()


def with_estimate(state: CryState, estimate: Optional[NeedEstimate]) -> CryState:
    """
    Return a state with what is known of this baby, where that speaks of the same episode.

    Where it names no need the model's own answer stays, and its reason is told as a hint.
    """
    if estimate is None or not (state.crying and state.is_heard) or (
            not state.episode_id or estimate.episode_id != state.episode_id):
        return state
    told = {'need_right': estimate.need_right, 'need_of': estimate.need_of,
            'need_base_right': estimate.need_base_right}
    need = need_of(estimate.need)
    if need in (Need.UNKNOWN, Need.NONE):
        return state if state.is_need_named else replace(
            state, need_reason=estimate.need_reason, **told)
    return replace(state, need=need, confidence=estimate.confidence,
                   need_basis=estimate.need_basis, need_reason=estimate.need_reason, **told)
