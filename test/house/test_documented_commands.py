# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Every command of README and docs is one that works.

A block is run in a folder with a recording and a policy of the names that the documents use. Where
`<!-- not run: WHY -->` stands before the block (hours of training, a robot), its commands are
still parsed: programs, options, launch files and their arguments must exist.
"""

from pathlib import Path
import re
import shlex
import shutil
import subprocess
import sys

from baby_cry_detector.cli.main import make_parser
import pytest
from recordings import SHIPPED
import soundfile

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / 'README.md').exists() or not (ROOT / 'docs').exists():
    pytest.skip('the documents are not beside the tests', allow_module_level=True)
BLOCK = re.compile(
    r'(?:<!-- not run: (?P<why>[^>]+) -->\n+)?```(?:bash|sh)\n(?P<body>.*?)```', re.DOTALL)
# Programs that are not ours: what follows is up to them.
OTHERS = {'cd', 'git', 'export', 'source', 'rosdep', 'colcon', 'pip', 'python3', 'sudo',
          'apt-get', 'docker', 'pre-commit', 'mosquitto_sub', 'systemctl', 'chronyc', 'pactl',
          'curl', 'openssl', 'mosquitto_passwd'}


def documents():
    """Return the documents that somebody wrote: no built site, no report of a command."""
    docs = ROOT / 'docs'
    return [path for path in docs.rglob('*.md') if docs / 'site' not in path.parents
            and docs / 'model' / 'paper_comparison' not in path.parents]


def commands():
    """Yield (document:line, command, why it is not run) of every line of every block."""
    for path in [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md',
                 *sorted(documents(), key=lambda path: path.name)]:
        text = path.read_text()
        for block in BLOCK.finditer(text):
            line = text.count('\n', 0, block.start('body')) + 1
            body = block.group('body').replace('\\\n', ' ')
            for offset, command in enumerate(body.splitlines()):
                command = re.sub(r'(^|\s+)#.*', '', command).strip()
                for part in filter(None, re.split(r'\s+&&\s+|;\s', command)):
                    yield f'{path.name}:{line + offset}', part, block.group('why') or ''


COMMANDS = list(commands())
IDS = [f'{place} {command[:40]}' for place, command, _ in COMMANDS]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Return a folder that holds what the documents speak of."""
    path = tmp_path_factory.mktemp('documents')
    cries = sorted((SHIPPED / 'cry' / 'unknown').glob('*.flac'))
    others = sorted((SHIPPED / 'not_cry').rglob('*.flac'))
    samples, rate = soundfile.read(cries[0])
    for name in ('recording.wav', 'night.wav'):
        soundfile.write(path / name, samples, rate)
    for kind, files in (('cry', cries[:2]), ('other', others[:2])):
        (path / 'sounds' / kind).mkdir(parents=True)
        for file in files:
            shutil.copy(file, path / 'sounds' / kind)
    shutil.copy(ROOT / 'config' / 'policy.yaml', path / 'my_policy.yaml')
    shutil.copytree(ROOT / 'config', path / 'config')
    return path


def words_of(command):
    """Return the words of a command without `./env.sh` and assignments before it."""
    words = shlex.split(command)
    while words and (words[0] == './env.sh' or re.fullmatch(r'[A-Z_]+=.*', words[0])):
        del words[0]
    return words


def launch_arguments(name):
    """Return the text in which the arguments of a launch file are declared."""
    from baby_cry_detector.ros.base.parameters import TABLES
    texts = [(ROOT / 'launch' / name).read_text(),
             (ROOT / 'baby_cry_detector' / 'ros' / 'base' / 'launching.py').read_text()]
    return ' '.join(texts) + ' '.join(
        f"'{parameter.name}' '{node}'" for node, table in TABLES.items() for parameter in table)


@pytest.mark.parametrize('place, command, why', COMMANDS, ids=IDS)
def test_it_is_there(place, command, why):
    words = words_of(command)
    if not words:
        return
    if words[0] == 'make':
        makefile = (ROOT / 'Makefile').read_text()
        for word in words[1:]:
            name = word.partition('=')[0]
            pattern = rf'^{name}\s*\??=|export {name}\b' if '=' in word else rf'^{name}:'
            assert re.search(pattern, makefile, re.MULTILINE), word
    elif words[0] == 'baby-cry':
        make_parser().parse_args([word.replace('DIR', '.') for word in words[1:]])
    elif words[:2] == ['ros2', 'launch'] and words[2] == 'baby_cry_detector':
        pytest.importorskip('rclpy')
        assert (ROOT / 'launch' / words[3]).exists(), words[3]
        for word in words[4:]:
            if ':=' in word and '…' not in word:
                name = word.partition(':=')[0]
                declared = launch_arguments(words[3])
                assert f"'{name}'" in declared or f"'{name.rpartition('_')[2]}'" in declared, word
    elif words[:2] == ['ros2', 'run'] and words[2] == 'baby_cry_detector':
        assert re.search(rf'\b{words[3]}\b', (ROOT / 'CMakeLists.txt').read_text()), words[3]
    elif words[0].startswith('tools/'):
        assert (ROOT / words[0]).exists()
    elif words[0] == 'python' and len(words) > 1 and not words[1].startswith('-'):
        assert (ROOT / words[1]).exists(), words[1]
    else:
        assert words[0] in OTHERS or words[0] == 'ros2', f'{place}: what is {words[0]}?'


@pytest.mark.parametrize('place, command, why', [
    pytest.param(*entry, id=name) for entry, name in zip(COMMANDS, IDS)
    if not entry[2] and words_of(entry[1])[:1] == ['baby-cry']])
def test_it_runs(place, command, why, folder):
    words = words_of(command)
    # The documents of a folder come in order: what one command writes the next may read.
    done = subprocess.run([sys.executable, '-m', 'baby_cry_detector.cli.main', *words[1:]],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=200)
    assert done.returncode == 0, f'{place}: {command}\n{done.stderr}'


def test_there_are_commands():
    assert len(COMMANDS) > 20
    assert any(not why for _, _, why in COMMANDS)


def test_every_document_stands_in_the_index():
    """`make docs` stops at one that does not; here it is seen without Sphinx."""
    index = (ROOT / 'docs' / 'index.md').read_text()
    listed = [name for tree in re.findall(r'```\{toctree\}\n(.*?)```', index, re.DOTALL)
              for name in tree.splitlines() if name and not name.startswith(':')]
    written = {str(path.relative_to(ROOT / 'docs').with_suffix('')) for path in documents()}
    assert written - {'index'} == set(listed)
    assert len(listed) == len(set(listed))


def test_every_block_is_of_the_language_that_it_names():
    """`make docs` stops at a name that the highlighter does not know, or at text it can't read."""
    lexers = pytest.importorskip('pygments.lexers')
    for path in documents():
        for language, body in re.findall(r'^```(\w+)\n(.*?)^```', path.read_text(),
                                         re.DOTALL | re.MULTILINE):
            tokens = lexers.get_lexer_by_name(language).get_tokens(body)
            wrong = [text for kind, text in tokens if 'Error' in kind]
            assert not wrong, f'{path.name}: {language} with {wrong}'
