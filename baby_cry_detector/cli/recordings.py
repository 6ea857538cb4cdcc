# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the commands that hear recordings and bags have in common."""

import argparse
import sys
from typing import Optional

from baby_cry_detector.audio import (AudioError, AudioFormat, AudioFormatError, FileSource,
                                     parse_choice)
from baby_cry_detector.audio.formats import BIG_ENDIAN, LITTLE_ENDIAN
from baby_cry_detector.model.second.confirmation import Confirmation, open_confirmation
from baby_cry_detector.model.second.confirmer import ConfirmerError


def add_audio_options(parser) -> None:
    """Declare `--topic` and `--channel`, and what a bag may not say of its audio."""
    parser.add_argument('--topic', default='', help='audio topic of a bag; default: its only one')
    parser.add_argument('--channel', type=channel, default='auto', metavar='N|mix|auto',
                        help='channel to hear, counted from 0; mix: the mean of all; auto '
                        '(default): the mean, unless channels cancel or hide each other, which is '
                        'said')
    parser.add_argument('--rate', type=int, metavar='HZ', help='sampling rate of a bag that does '
                        'not say it (a later part of a split one)')
    parser.add_argument('--channels', type=int, help='its channels; default: 1')
    parser.add_argument('--format', type=str.upper, choices=(LITTLE_ENDIAN, BIG_ENDIAN),
                        help='its sample format, S16LE (default) or '
                        'S16BE')


def told_format(args) -> Optional[AudioFormat]:
    """Return what the options say of a bag's audio; AudioFormatError if that can't be."""
    if args.rate is None:
        if args.channels is not None or args.format is not None:
            raise AudioFormatError('--channels and --format say nothing without --rate')
        return None
    return AudioFormat(args.rate, 1 if args.channels is None else args.channels,
                       args.format or LITTLE_ENDIAN)


def channel(text: str):
    """Return the choice that a text names; an argparse type."""
    try:
        return parse_choice(text)
    except AudioError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def say(path, sentences) -> None:
    """Write what was found out about a recording to standard error."""
    for sentence in sentences:
        print(f'{path}: {sentence}', file=sys.stderr, flush=True)


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
    source = FileSource(path, sample_rate, block_duration_s=block_duration_s, channel=choice)
    return _said(path, source)


def _said(path, source):
    for block in source:
        say(path, source.take_news())
        yield block
    say(path, source.take_news())
