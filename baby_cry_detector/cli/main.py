# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry`: listen, features, train, evaluate and more, without ROS."""

from importlib import import_module
import os
import sys

from baby_cry_detector import __version__
from baby_cry_detector.cli.arguments import how_to_install, Parser, UsageError
from baby_cry_detector.cli.harmless import harmless_output
from baby_cry_detector.fields import ParameterError

# Modules that offer add_parser(subparsers) and run(args) -> exit code, by their commands. Those
# that need torch import it in run(), so that help and `listen` work without it.
COMMANDS = {
    'listen': 'cli.listen', 'features': 'cli.features', 'plot': 'cli.plot',
    'synthesise': 'cli.synthesise', 'train': 'research.cli.train',
    'train-confirmer': 'research.cli.confirmer', 'evaluate': 'research.cli.evaluate',
    'manifest': 'research.cli.manifest', 'corpus': 'research.cli.corpus',
    'annotate': 'research.cli.annotate', 'compare': 'research.cli.compare',
    'experiment': 'research.cli.experiment', 'export': 'research.cli.export',
    'devices': 'cli.devices', 'diary': 'cli.diary', 'need': 'cli.need', 'policy': 'cli.policy'}

# What a command may miss: package of Python, of apt, of pip.
PACKAGES = {'rich': ('python3-rich', 'rich'), 'scipy': ('python3-scipy', 'scipy'),
            'yaml': ('python3-yaml', 'PyYAML'), 'tqdm': ('python3-tqdm', 'tqdm'),
            'torch': ('python3-torch', 'torch'), 'PIL': ('python3-pil', 'pillow'),
            'matplotlib': ('python3-matplotlib', 'matplotlib'),
            'soundfile': ('python3-soundfile', 'soundfile'),
            'pandas': ('python3-pandas', 'pandas'),
            'pyannote': ('python3-pip', 'pyannote.metrics'),
            'praatio': ('python3-pip', 'praatio'), 'pympi': ('python3-pip', 'pympi-ling'),
            'sklearn': ('python3-sklearn', 'scikit-learn'), 'numpy': ('python3-numpy', 'numpy')}


def make_parser(command: str = '') -> Parser:
    """
    Return the parser of all subcommands.

    :param command: the only one to be parsed; another's modules are not imported for it.
    """
    modules = [COMMANDS[command]] if command in COMMANDS else COMMANDS.values()
    parser = Parser(
        prog='baby-cry', description='Hear a baby cry. A comfort and convenience aid: it does not '
        'replace adult supervision and is not a medical device.')
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for module in modules:
        import_module(f'baby_cry_detector.{module}').add_parser(subparsers)
    return parser


def main(arguments=None) -> int:
    """
    Run a subcommand; data goes to standard output, everything else to standard error.

    :return: 0, 1 after an error and 2 after wrong arguments (one sentence), 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):      # a name may hold what can't be shown
            stream.reconfigure(errors='backslashreplace')
    with harmless_output():
        return _run(arguments)


def remedy(error: ImportError) -> str:
    """Return how to install what an import did not find, as far as it is known."""
    package = (error.name or '').partition('.')[0]
    if package not in PACKAGES:
        return ''
    apt, pip = PACKAGES[package]
    return f': {how_to_install(apt, pip)}'


def _run(arguments) -> int:
    try:
        given = sys.argv[1:] if arguments is None else arguments
        args = make_parser(given[0] if given else '').parse_args(given)
        code = args.run(args)
        sys.stdout.flush()      # here a full disk is still an error that can be told
        return code
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, ParameterError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except MemoryError:
        print('error: there is not enough memory for that', file=sys.stderr)
        return 1
    except ImportError as error:
        print(f'error: {error}{remedy(error)}', file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except SyntaxError as error:
        print(f'error: {error.filename} cannot be imported (line {error.lineno}: {error.msg}): '
              'does a module of another program stand first on the path?', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
