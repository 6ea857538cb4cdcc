# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the commands that hear recordings and bags have in common."""

import argparse
import sys
from typing import Iterable, Iterator, Optional

from baby_cry_detector.audio import AudioError, AudioFormat, AudioFormatError, parse_choice
from baby_cry_detector.audio.bags import is_bag
from baby_cry_detector.audio.channels import AUTO
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.audio.formats import BIG_ENDIAN, LITTLE_ENDIAN
from baby_cry_detector.cli.arguments import UsageError
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.model.second.confirmation import Confirmation, open_confirmation
from baby_cry_detector.model.second.confirmer import ConfirmerError
from baby_cry_detector.needs import STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.units import to_s

# So long a bag's audio may be doubted before it counts as heard in part only. Recordings are cut
# and padded with silence by editors: of them it is half.
LONGEST_DOUBT_S = 5.0
# Decisions further apart are about audio that is missing.
LONGEST_STEP_S = 2.0


def add_audio_options(parser) -> None:
    """Declare `--topic` and `--channel`, and what a bag may not say of its audio."""
    parser.add_argument('--topic', default='', help='audio topic of a bag; default: its only one')
    parser.add_argument('--channel', type=channel, default='auto', metavar='N|mix|auto',
                        help='channel to hear, counted from 0; mix: the mean of all; auto '
                        '(default): the mean, unless channels cancel or hide each other, which is '
                        'said')
    parser.add_argument('--rate', type=int, metavar='HZ', help='sampling rate of a bag that does '
                        'not say it (a later part of a split one); recordings say theirs')
    parser.add_argument('--channels', type=int, help='its channels; default: 1')
    parser.add_argument('--format', type=str.upper, choices=(LITTLE_ENDIAN, BIG_ENDIAN),
                        help='its sample format, S16LE (default) or '
                        'S16BE')


def told_format(args, paths: Iterable) -> Optional[AudioFormat]:
    """
    Return what the options say of the audio of bags; `None` if they say nothing.

    :param paths: all that is to be heard.
    :raises AudioFormatError: if that can't be.
    :raises UsageError: if a recording is among them, whose header would be contradicted.
    """
    if args.rate is None:
        if args.channels is not None or args.format is not None:
            raise AudioFormatError('--channels and --format say nothing without --rate')
        return None
    recordings = [str(path) for path in paths if not is_bag(path)]
    if recordings:
        raise UsageError(f'--rate, --channels and --format are for bags: {recordings[0]} is a '
                         'recording, which says its own')
    return AudioFormat(args.rate, 1 if args.channels is None else args.channels,
                       args.format or LITTLE_ENDIAN)


def channel(text: str):
    """Return the choice that a text names; an argparse type."""
    try:
        return parse_choice(text)
    except AudioError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def of_bag(path, choice):
    """Return the choice of channel for a bag's messages; a recording's are mono already."""
    return choice if is_bag(path) else AUTO


def say(path, sentences) -> None:
    """Write what was found out about a recording to standard error."""
    for sentence in sentences:
        print(f'{path}: {sentence}', file=sys.stderr, flush=True)


class Trust:
    """
    How much of what was heard could be trusted.

    :ivar heard: number of decisions on audio that could be.
    :ivar reasons: why some could not be, a sentence each.
    """

    def __init__(self) -> None:
        self.heard = 0
        self._extraction: Optional[Extraction] = None
        self._doubted_ns = self._heard_ns = 0
        self.reasons: list = []

    def watch(self, decisions: Iterable[CryDecision],
              extraction: Extraction) -> Iterator[CryDecision]:
        """Yield the decisions on what an `Extraction` hears."""
        self._extraction = extraction
        before_ns = None
        for decision in decisions:
            passed_ns = 0 if before_ns is None else decision.stamp_ns - before_ns
            before_ns = decision.stamp_ns
            if not 0 <= to_s(passed_ns) <= LONGEST_STEP_S:
                passed_ns = 0
            if decision.is_heard:
                self.heard += 1
                self._heard_ns += passed_ns
            elif decision.status == STATUS_UNTRUSTED_AUDIO:
                self._doubted_ns += passed_ns
                if decision.status_reason not in self.reasons:
                    self.reasons.append(decision.status_reason)
            yield decision

    def failed(self, path) -> int:
        """
        Say for how long the audio could not be trusted, or that it was not heard as a whole.

        :return: 1 if a cry may have been missed for long.
        """
        doubted_s = to_s(self._doubted_ns)
        is_long = self._doubted_ns > self._heard_ns or (
            doubted_s >= LONGEST_DOUBT_S and is_bag(path))
        failure = self._extraction.failure if self._extraction is not None else ''
        if self._doubted_ns and (is_long or failure not in self.reasons):
            print(f'{"error: " if is_long else ""}{path}: {doubted_s:.1f} s of it could not be '
                  f'trusted, and a cry in them may not have been heard: {"; ".join(self.reasons)}',
                  file=sys.stderr)
        return int(is_long) or not_whole(path, self._extraction)


def not_whole(path, extraction: Optional[Extraction]) -> int:
    """Return 1, and say so, if a recording that has ended was not heard as a whole."""
    if extraction is None or not extraction.failure:
        return 0
    print(f'error: {path}: a cry in it may not have been heard: {extraction.failure}',
          file=sys.stderr)
    return 1


def say_findings(path, replay, trust: Trust) -> None:
    """Say what a `MessageReplay` found out about audio, but for what `Trust.failed` will say."""
    found = [*replay.extraction.take_news(), *replay.extraction.remarks.values()]
    say(path, [sentence for sentence in found if sentence not in trust.reasons])


def second_listener(path: str = '') -> Optional[Confirmation]:
    """
    Return the second listener, or None where there is to be none, or the shipped one is missing.

    :param path: as of `open_confirmation`.
    :raises ConfirmerError: if a file that was asked for can't be used.
    """
    try:
        return open_confirmation(path)
    except ConfirmerError as error:
        if path:
            raise
        print(f'crying is told without a second listener: {error}', file=sys.stderr)
        return None


def blocks_of(path, sample_rate: int, choice='auto', block_duration_s: float = 0.1):
    """
    Yield the blocks of a recording; what is found out about it is said.

    :raises AudioSourceError: as `FileSource`, at once.
    """
    source = open_recording(path, sample_rate, block_duration_s, channel=choice)
    return _said(path, source)


def _said(path, source):
    for block in source:
        say(path, source.take_news())
        yield block
    say(path, source.take_news())
