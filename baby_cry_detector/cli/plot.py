# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry plot`: a picture of what a recording or bag was heard as, and why."""

from pathlib import Path
from typing import Optional

from baby_cry_detector.cli.arguments import how_to_install, number, output
from baby_cry_detector.cli.listen import add_decision_options, decision_settings, since_start
from baby_cry_detector.cli.recordings import (add_audio_options, of_bag, say, told_format,
                                              Trust)
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import MessageReplay, open_messages
from baby_cry_detector.units import SECOND_NS
import numpy as np

SHORTEST_COLUMN_NS = 10_000_000
SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp')


def add_parser(subparsers):
    """Declare the subcommand; the decision parameters are options of the same names."""
    parser = subparsers.add_parser(
        'plot', help='draw what was heard, and why it was decided so', description=__doc__)
    parser.add_argument('file', metavar='FILE|BAG',
                        help='WAV, FLAC or OGG recording, or a ROS 2 bag (sqlite3, mcap)')
    parser.add_argument('--out', required=True, metavar='F.png', type=output(SUFFIXES),
                        help='picture to write')
    add_audio_options(parser)
    parser.add_argument('--checkpoint', default='', help='default: the shipped one')
    parser.add_argument('--theme', choices=('light', 'dark'), default='light')
    parser.add_argument('--width', type=number(int, 640, 8000), default=1280, metavar='PIXELS',
                        help='in pixels; default: 1280')
    add_decision_options(parser)
    parser.set_defaults(run=run)


def run(args) -> int:
    """Hear the recording, draw, and print what was decided."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ValueError(f'plot needs Pillow ({error}): '
                         + how_to_install('python3-pil', 'pillow')) from None
    audio_format = told_format(args, [args.file])
    listener = FrameListener(open_checkpoint(args.checkpoint), decision_settings(args))
    trust = Trust()
    picture, lines = draw(args.file, listener, args.topic, args.theme, args.width,
                          args.channel, audio_format, trust)
    Image.fromarray(picture).save(args.out)
    print('\n'.join(lines))
    return trust.failed(args.file)


def draw(path, listener: FrameListener, topic: str = '', theme: str = 'light',
         width: int = 1280, channel='auto', audio_format=None, trust: Optional[Trust] = None):
    """
    Return the picture of a recording, (H, width, 3) uint8, and what was decided, in lines.

    The recording is read twice: for its duration, and to be heard.

    :param trust: told how much of it could be trusted.

    :raises AudioSourceError: if it can't be read, or nothing in it could be heard.
    """
    from baby_cry_detector.views.explain import Explainer
    from baby_cry_detector.views.history import History
    from baby_cry_detector.views.picture import Extras, Limits, Now, Picture

    rate = listener.feature_set.sample_rate
    length_ns = span(path, listener.feature_set, topic, channel, audio_format)
    scale = width / 640
    columns = width
    column_ns = max(SHORTEST_COLUMN_NS, -(-length_ns // columns))
    columns = max(1, -(-length_ns // column_ns))
    history = History(columns, column_ns)
    history.start_at(0)
    settings = listener.decider.settings
    explainer = Explainer(settings)

    def hear_audio(stamp_ns, samples, sample_rate):
        history.add_audio(replay.since_start(stamp_ns), samples, sample_rate)

    def hear_frames(frames):
        history.add_frames(replay.since_start(frames.start_ns), listener.feature_set,
                           frames.values)

    replay = MessageReplay(listener.feature_set, hear_audio, hear_frames, of_bag(path, channel))
    messages = open_messages(path, rate, topic, channel, lambda sentence: say(path, [sentence]),
                             audio_format)
    for decision in (trust or Trust()).watch(
            replay.decisions(messages, listener), replay.extraction):
        said = since_start(decision, replay)
        history.add_state(said, 0)
        explainer.add(said, listener.decider.hearing)
    lines = explainer.lines(0, most=10 ** 6)
    say(path, replay.extraction.take_news())
    lines += replay.extraction.remarks.values()
    if str(replay.troubles):
        lines.append(f'the audio was not whole: {replay.troubles}')
    notes = explainer.lines(0, most=8)
    episodes = listener.decider.episode.number if listener.decider.episode else 0
    now = Now(title=Path(path).name[-60:], crying=bool(episodes), clock='',
              state='no crying' if not episodes else
              f'{episodes} episode{"s" if episodes > 1 else ""} of crying',
              details=f'in {length_ns / SECOND_NS:.1f} s of audio')
    marks = [(event.stamp_ns / SECOND_NS, '') for event in explainer.events
             if event.mark]
    height = round((416 + 14.5 * len(notes)) * scale)
    picture = Picture(width, height, theme, scale).draw(
        history, now, Limits(settings.enter_threshold, settings.leave_threshold), 0.0,
        Extras(notes, marks, waveform=True))
    return np.ascontiguousarray(picture), lines


def span(path, feature_set, topic: str = '', channel='auto', audio_format=None):
    """
    Return how long the audio lasts, with what is missing in it, in nanoseconds.

    :raises AudioSourceError: if there is none.
    """
    from baby_cry_detector.audio import AudioSourceError
    length_ns = 0

    def note(stamp_ns, samples, sample_rate):
        nonlocal length_ns
        length_ns = max(length_ns, replay.since_start(stamp_ns)
                        + len(samples) * SECOND_NS // sample_rate)

    replay = MessageReplay(feature_set, note, channel=of_bag(path, channel))
    for _ in replay.frames(open_messages(path, feature_set.sample_rate, topic, channel,
                                         audio_format=audio_format)):
        pass
    if not length_ns:
        why = '; '.join(replay.extraction.remarks.values())
        raise AudioSourceError(f'{path}: holds no audio that can be heard'
                               + (f': {why}' if why else ''))
    return length_ns
