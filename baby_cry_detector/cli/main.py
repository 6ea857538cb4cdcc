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
"""`baby-cry`: listen, features, train, evaluate and more, without ROS."""

import argparse
from importlib import import_module
import os
import sys

from baby_cry_detector import __version__

# Modules that offer add_parser(subparsers) and run(args) -> exit code. Those that need torch
# import it in run(), so that help and `listen` work without it.
COMMANDS = ('listen', 'features', 'plot', 'synthesise', 'train', 'evaluate', 'manifest',
            'experiment', 'export', 'devices', 'diary', 'policy')


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(
        prog='baby-cry', description='Hear a baby cry. A comfort and convenience aid: it does not '
        'replace adult supervision and is not a medical device.')
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name in COMMANDS:
        import_module(f'baby_cry_detector.cli.{name}').add_parser(subparsers)
    return parser


def main(arguments=None) -> int:
    """
    Run a subcommand; data goes to standard output, everything else to standard error.

    :return: 0, 1 after an error (one sentence), 130 after Ctrl-C.
    """
    args = make_parser().parse_args(arguments)
    try:
        return args.run(args)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ImportError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
