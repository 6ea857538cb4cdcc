# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is said of stamps and of the pace at which audio comes: cause and remedy."""

from baby_cry_detector.audio.formats import formats_of_pace
from baby_cry_detector.stream.verdict import ERROR, Verdict, WARN
from baby_cry_detector.units import SECOND_NS

PACE, STANDING = 'pace', 'standing_stamps'
NOTHING_ADVANCES = Verdict(
    WARN, STANDING, 'neither stamps nor times of arrival advance: samples are counted; let the '
    'publisher set header.stamp')
STAMPS_STAND = Verdict(
    WARN, STANDING, 'stamps do not advance: time of arrival is used; let the publisher set '
    'header.stamp to the capture time')


def pace_verdict(pace: float, sample_rate: int, channels: int, is_heard: bool) -> Verdict:
    """
    Return the judgement on audio of another pace.

    :param pace: seconds that pass in a second of audio.
    :param sample_rate: in Hz, as it was said, and ``channels`` too.
    :param is_heard: whether it is so near that the audio is heard all the same.
    """
    if pace <= 0.01:
        return Verdict(ERROR, PACE, 'stamps go back, and times of arrival do not fit the audio: '
                       'let the publisher set header.stamp to the capture time', False)
    factor = 1.0 / pace
    causes = formats_of_pace(factor, sample_rate, channels)
    guess = f': {", or ".join(causes)}?' if causes else (
        ': is it compressed?' if factor < 0.4 else ': check sample_rate and channels')
    late = '' if factor > 1.0 else '; or does this machine not keep up?'
    how = f'{factor:.3g} times faster' if factor > 1.0 else f'{pace:.3g} times slower'
    return Verdict(WARN if is_heard else ERROR, PACE, f'audio comes {how} than audio_info says '
                   f'({sample_rate} Hz, {channels} ch){guess}{late}', is_heard)


def ahead_verdict(ahead_ns: int) -> Verdict:
    """Return the judgement on stamps that are so far ahead of the time of arrival."""
    days = ahead_ns / SECOND_NS / 86_400
    by = f'{days:.3g} days' if days > 2 else f'{ahead_ns / SECOND_NS:.1f} s'
    return Verdict(WARN, 'clock', f"stamps are {by} ahead of this machine's clock: crying is "
                   'heard, but what acts on it takes it for stale; set both clocks, or '
                   'use_sim_time for a bag')
