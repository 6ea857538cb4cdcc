# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""`baby-cry listen`: what the graph would say about recordings, as fast as the machine allows."""

import json
import sys

from baby_cry_detector.audio import AudioSourceError, FileSource
from baby_cry_detector.cli.view import TerminalView, ViewState
from baby_cry_detector.decision import DECISION_PARAMETERS, DecisionSettings
from baby_cry_detector.listener import FrameListener, listen, NANOSECONDS, open_checkpoint

LINE_PERIOD_NS = 100_000_000


def add_parser(subparsers):
    """Declare the subcommand; the decision parameters are options of the same names."""
    parser = subparsers.add_parser(
        'listen', help='say when a recording cries', description=__doc__)
    parser.add_argument('files', nargs='+', metavar='FILE', help='WAV, FLAC or OGG recording')
    parser.add_argument('--json', action='store_true', help='one JSON object a line, each 0.1 s '
                        'of audio, on standard output')
    parser.add_argument('--checkpoint', default='', help='default: the shipped one')
    group = parser.add_argument_group('decision parameters')
    for parameter in DECISION_PARAMETERS:
        group.add_argument(f'--{parameter.name.replace("_", "-")}', type=type(parameter.default),
                           default=parameter.default, metavar=parameter.type_name.upper(),
                           help=f'{parameter.description} Default: {parameter.default}.')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Listen to every file; a file that can't be read is an error, the others are still heard."""
    settings = DecisionSettings.from_values(
        {parameter.name: getattr(args, parameter.name) for parameter in DECISION_PARAMETERS})
    checkpoint = open_checkpoint(args.checkpoint)
    failed = 0
    for path in args.files:
        listener = FrameListener(checkpoint, settings)
        try:
            blocks = FileSource(path, listener.feature_set.sample_rate, block_duration_s=0.1)
            show = print_json if args.json else print_text
            show(path, listen(blocks, listener))
        except AudioSourceError as error:
            print(f'error: {error}', file=sys.stderr)
            failed = 1
    return failed


def to_record(path: str, decision) -> dict:
    """Return a decision as what `--json` prints."""
    return {
        'file': str(path),
        'time_s': round(decision.stamp_ns / NANOSECONDS, 3),
        'crying': bool(decision.crying),
        'cry_probability': round(float(decision.cry_probability), 6),
        'need': decision.need_name.upper(),
        'confidence': round(float(decision.confidence), 6),
        'intensity': round(float(decision.intensity), 4),
        'level_dbfs': (None if decision.level_dbfs is None
                       else round(float(decision.level_dbfs), 2)),
        'episode': int(decision.episode),
        'onset_s': round(decision.onset_ns / NANOSECONDS, 3) if decision.episode else None,
        'duration_s': round(decision.duration_ns / NANOSECONDS, 3),
        'probabilities': {label: round(float(value), 6) for label, value in
                          zip(decision.labels, decision.probabilities)},
    }


def thin(decisions, period_ns=LINE_PERIOD_NS):
    """Yield one decision per period, every change, and the last one."""
    due_ns = None
    last = None
    for decision in decisions:
        if due_ns is None or decision.stamp_ns >= due_ns or decision.changed:
            due_ns = decision.stamp_ns - decision.stamp_ns % period_ns + period_ns
            yield decision
            last = None
        else:
            last = decision
    if last is not None:
        yield last


def print_json(path, decisions) -> None:
    """Print one JSON object a line."""
    for decision in thin(decisions):
        print(json.dumps(to_record(path, decision)))


def print_text(path, decisions) -> None:
    """Print what a person wants to know."""
    with TerminalView(str(path), live=False) as view:
        for decision in thin(decisions):
            view.update(ViewState(
                time_s=decision.stamp_ns / NANOSECONDS, status='OK',
                level_dbfs=decision.level_dbfs, cry_probability=decision.cry_probability,
                crying=decision.crying, need=decision.need_name.upper(),
                intensity=decision.intensity, episode=decision.episode,
                onset_s=decision.onset_ns / NANOSECONDS,
                duration_s=decision.duration_ns / NANOSECONDS))
