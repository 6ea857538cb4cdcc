# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry listen`: what the graph says about recordings and bags, as fast as it can be had."""

from dataclasses import replace
import json
import sys

from baby_cry_detector.audio import AudioSourceError
from baby_cry_detector.audio.bags import BagAudio, is_bag
from baby_cry_detector.cli.arguments import of_parameter, UsageError
from baby_cry_detector.cli.recordings import (add_audio_options, blocks_of, of_bag, say,
                                              say_findings, second_listener, told_format, Trust)
from baby_cry_detector.cli.view import TerminalView, ViewState
from baby_cry_detector.decision import DECISION_PARAMETERS, DecisionSettings
from baby_cry_detector.needs import CONFIRMATION_NAMES
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import block_messages, MessageReplay, OwnSoundBeside
from baby_cry_detector.units import SECOND_NS, to_s

LINE_PERIOD_NS = 100_000_000


def add_parser(subparsers):
    """Declare the subcommand; the decision parameters are options of the same names."""
    parser = subparsers.add_parser(
        'listen', help='say when a recording cries', description=__doc__)
    parser.add_argument('files', nargs='+', metavar='FILE|BAG',
                        help='WAV, FLAC or OGG recording, or a ROS 2 bag (sqlite3, mcap)')
    add_audio_options(parser)
    parser.add_argument('--json', action='store_true', help='one JSON object a line, each 0.1 s '
                        'of audio, on standard output')
    parser.add_argument('--checkpoint', default='', help='default: the shipped one')
    parser.add_argument('--confirmer', default='', metavar='FILE',
                        help='second listener, which confirms what is taken for crying; default: '
                             'the shipped one; none: there is none')
    parser.add_argument('--own-sound', default='', metavar='FILE',
                        help='recording of what a loudspeaker played meanwhile, of any rate, that '
                             'begins with the other: it is taken out of what is heard')
    add_decision_options(parser)
    parser.set_defaults(run=run)


def add_decision_options(parser) -> None:
    """Declare the decision parameters as options of the same names."""
    group = parser.add_argument_group('decision parameters')
    for parameter in DECISION_PARAMETERS:
        group.add_argument(f'--{parameter.name.replace("_", "-")}', type=of_parameter(parameter),
                           default=parameter.default, metavar=parameter.type_name.upper(),
                           help=f'{parameter.description} Default: {parameter.default}.')


def decision_settings(args) -> DecisionSettings:
    """Return the decision parameters among the options."""
    return DecisionSettings.of(
        {parameter.name: getattr(args, parameter.name) for parameter in DECISION_PARAMETERS})


def run(args) -> int:
    """Listen to every file; a file that can't be read is an error, the others are still heard."""
    settings = decision_settings(args)
    audio_format = told_format(args, args.files)
    if args.own_sound and any(is_bag(path) for path in (*args.files, args.own_sound)):
        raise UsageError('--own-sound is for recordings: a bag has its own topics')
    checkpoint = open_checkpoint(args.checkpoint)
    failed = 0
    for path in args.files:
        listener = FrameListener(checkpoint, settings)
        confirmation = second_listener(args.confirmer)
        try:
            show = print_json if args.json else print_text
            rate = listener.feature_set.sample_rate
            replay = MessageReplay(listener.feature_set, channel=of_bag(path, args.channel))
            if is_bag(path):
                failed |= _listen_to_bag(path, BagAudio(path, args.topic, audio_format), replay,
                                         listener, confirmation, show)
            else:
                messages = block_messages(blocks_of(path, rate, args.channel), rate)
                own = None
                if args.own_sound:
                    own = OwnSoundBeside(blocks_of(args.own_sound, rate), rate)
                    messages = own.beside(messages, replay.extraction)
                failed |= _listen_to(path, show, messages, replay, listener, confirmation,
                                     lambda: 'shorter than what one decision takes')
                if own is not None:
                    say(args.own_sound, own.sentences())
        except AudioSourceError as error:
            print(f'error: {error}', file=sys.stderr)
            failed = 1
    return failed


def _listen_to_bag(path, messages, replay, listener, confirmation, show) -> int:
    """Show what the graph says to a bag's messages; return 1 if much could not be trusted."""
    def why() -> str:
        return '; '.join([*replay.extraction.remarks.values(), *filter(None, [
            str(replay.troubles)])]) or 'it holds no audio'

    failed = _listen_to(path, show, messages, replay, listener, confirmation, why)
    if str(replay.troubles):
        print(f'{path}: the audio was not whole: {replay.troubles}', file=sys.stderr)
    return failed


def _listen_to(path, show, messages, replay, listener, confirmation, why) -> int:
    """
    Show decisions; return 1 if many of them are about audio that can't be trusted.

    :raises AudioSourceError: if all of them are.
    """
    trust = Trust()
    show(path, trust.watch(replay.decisions(messages, listener, confirmation), replay.extraction),
         replay if is_bag(path) else None)
    if not trust.heard:
        raise AudioSourceError(f'{path}: nothing in it could be heard: {why()}')
    say_findings(path, replay, trust)
    return trust.failed(path)


def since_start(decision, replay):
    """Return a decision with times that count from the first audio; ``None``: as they are."""
    if replay is None:
        return decision
    return replace(decision, stamp_ns=replay.since_start(decision.stamp_ns),
                   onset_ns=replay.since_start(decision.onset_ns) if decision.episode else 0)


def to_record(path: str, decision) -> dict:
    """Return a decision as what `--json` prints."""
    return {
        'file': str(path),
        'time_s': round(decision.stamp_ns / SECOND_NS, 3),
        'status': decision.status_name,
        'crying': bool(decision.crying),
        'confirmed': bool(decision.confirmed),
        'confirmation': CONFIRMATION_NAMES[decision.confirmation],
        'cry_probability': round(float(decision.cry_probability), 6),
        'need': decision.need_name.upper(),
        'confidence': round(float(decision.confidence), 6),
        'intensity': round(float(decision.intensity), 4),
        'level_dbfs': (None if decision.level_dbfs is None
                       else round(float(decision.level_dbfs), 2)),
        'episode': int(decision.episode),
        'onset_s': (round(decision.onset_ns / SECOND_NS, 3)
                    if decision.episode else None),
        'duration_s': round(decision.duration_ns / SECOND_NS, 3),
        'probabilities': {label: round(float(value), 6) for label, value in
                          zip(decision.labels, decision.probabilities)},
    }


def thin(decisions, replay=None, period_ns=LINE_PERIOD_NS):
    """Yield one decision per period of audio, every change, and the last one."""
    due_ns = None
    last = None
    for decision in decisions:
        if due_ns is None or decision.stamp_ns >= due_ns or decision.changed:
            passed_ns = since_start(decision, replay).stamp_ns
            due_ns = decision.stamp_ns - passed_ns % period_ns + period_ns
            yield decision
            last = None
        else:
            last = decision
    if last is not None:
        yield last


def print_json(path, decisions, replay=None) -> None:
    """Print one JSON object a line; those of a bag also say the stamp and the episode."""
    for decision in thin(decisions, replay):
        record = to_record(path, since_start(decision, replay))
        if replay:
            record.update(stamp_ns=decision.stamp_ns, episode_id=decision.episode_id)
        print(json.dumps(record))


def print_text(path, decisions, replay=None) -> None:
    """Print what a person wants to know."""
    with TerminalView(str(path), live=False) as view:
        for decision in thin(decisions, replay):
            said = since_start(decision, replay)
            view.update(ViewState(said, 0, to_s(said.stamp_ns), level_dbfs=said.level_dbfs))
