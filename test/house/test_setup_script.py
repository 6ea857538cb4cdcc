# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`make setup` on machines that lack something: one sentence that says what to do, and no mess."""

import fcntl
from hashlib import sha256
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ('bash', 'cat', 'cut', 'dirname', 'env', 'find', 'grep', 'mkdir', 'rm', 'sha256sum',
         'sort', 'tail', 'uname', 'xargs', 'cp', 'g++', 'flock', 'nproc', 'touch')


def as_in_a_terminal():
    """Take Ctrl-C, also where these tests run in a background that leaves it out."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def machine(tmp_path):
    """Return a function that runs a copy of the script with only some programs on the path."""
    if not (ROOT / 'tools' / 'setup.sh').exists():
        pytest.skip('the set-up script is part of a source checkout')
    checkout, programs = tmp_path / 'checkout', tmp_path / 'bin'
    shutil.copytree(ROOT / 'tools', checkout / 'tools')
    shutil.copytree(ROOT / 'requirements', checkout / 'requirements')
    programs.mkdir()

    def add(name, text):
        path = programs / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!{shutil.which("bash")}\n{text}\n')
        path.chmod(0o755)

    def run(without=(), fake=(), **environment):
        for tool in TOOLS:
            found = shutil.which(tool)
            if found and tool not in without:
                (programs / tool).unlink(missing_ok=True)
                (programs / tool).symlink_to(found)
        if 'python3' not in without:
            add('python3', f'exec {sys.base_exec_prefix}/bin/python3 "$@"')
        for name, text in dict(fake).items():
            add(name, text)
        result = subprocess.run(
            [str(checkout / 'tools' / 'setup.sh')], capture_output=True, text=True, timeout=240,
            start_new_session=True, preexec_fn=as_in_a_terminal,
            env={'PATH': str(programs), 'HOME': str(tmp_path), **environment}, check=False)
        assert result.stdout == ''
        return result, checkout

    return run


def sentence(result):
    assert result.returncode == 1
    return result.stderr.strip().splitlines()[-1]


def test_no_compiler(machine):
    result, _ = machine(without=('g++',))
    assert sentence(result) == ('error: no C++ compiler: apt-get install g++ '
                                '(the messages are compiled)')


def test_unsupported_python(machine):
    old = '[ "$1" = --version ] && echo Python 3.8.2 && exit; exit 1'
    result, _ = machine(fake={'python3': old})
    assert 'no Python 3.10 to 3.13 found (have: Python 3.8.2)' in sentence(result)
    assert 'install ROS 2 Jazzy' in sentence(result)


def test_unsupported_processor(machine):
    result, _ = machine(fake={'uname': '[ "$1" = -s ] && echo Linux || echo aarch64'})
    assert 'this is aarch64; install ROS 2 Jazzy' in sentence(result)


def test_unsupported_system(machine):
    result, _ = machine(fake={'uname': 'echo Darwin'})
    assert 'runs on Linux' in sentence(result)


def test_no_network(machine):
    # An index that refuses at once stands for a network that is not there.
    result, checkout = machine(PIP_INDEX_URL='http://127.0.0.1:9/simple', PIP_NO_INDEX='',
                               PIP_EXTRA_INDEX_URL='', PIP_FIND_LINKS='', PIP_RETRIES='0',
                               PIP_CONFIG_FILE=os.devnull)
    assert 'is there a network' in sentence(result)
    assert not (checkout / 'install').exists()


def test_a_second_setup_waits_for_the_first(machine, tmp_path):
    state = tmp_path / 'checkout' / '.setup'
    state.mkdir()
    with open(state / 'lock', 'w') as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        release = threading.Timer(1.0, fcntl.flock, (first, fcntl.LOCK_UN))
        release.start()
        result, _ = machine(without=('g++',))
        release.join()
    assert 'waiting for another setup' in result.stderr
    assert 'no C++ compiler' in sentence(result)  # and then it goes on
    result, _ = machine(without=('g++',))
    assert 'waiting' not in result.stderr


def test_sourced_ros_that_this_python_cannot_use(machine):
    result, _ = machine(ROS_DISTRO='jazzy', AMENT_PREFIX_PATH='/nowhere')
    assert 'ROS 2 jazzy is sourced but' in sentence(result)


@pytest.mark.parametrize('moment', ['sysconfig', 'base_prefix', '--version', 'venv'])
def test_ctrl_c_while_it_asks_python_is_quiet(machine, moment):
    # Ctrl-C reaches all of the terminal's processes; Python tells where it was.
    python = f"""script=; [ "$1" != - ] || script=$(cat)
if [[ "$* $script" == *{moment}* ]]; then echo KeyboardInterrupt >&2; kill -INT 0; fi
[ "$1" != - ] || {{ printf '%s\\n' "$script" | {sys.base_exec_prefix}/bin/python3 -; exit; }}
exec {sys.base_exec_prefix}/bin/python3 "$@\""""
    result, _ = machine(fake={'python3': python})
    assert result.returncode in (130, -signal.SIGINT)
    assert 'KeyboardInterrupt' not in result.stderr and 'error' not in result.stderr


def test_ctrl_c_within_a_substitution_is_quiet_and_forgets_no_choice(machine):
    machine(without=('g++',), ROS_WHEELS='kilted')
    for _ in range(8):       # bash may be at one of several places just then
        result, checkout = machine(fake={'cat': 'kill -INT 0'})
        assert (result.returncode, result.stderr) == (-signal.SIGINT, '')
    assert (checkout / '.setup' / 'distro').read_text() == 'kilted\n'


def test_ctrl_c_while_the_environment_is_read_reaches_whoever_is_started(tmp_path):
    if not (ROOT / 'tools' / 'run.sh').exists():
        pytest.skip('tools/run.sh is part of a source checkout')
    checkout = tmp_path / 'checkout'
    (checkout / 'tools').mkdir(parents=True)
    for name in ('env.sh', 'tools/run.sh'):
        shutil.copy(ROOT / name, checkout / name)
    programs = checkout / '.venv' / 'bin'
    for path, text in (
            (checkout / 'tools' / 'setup.sh', '#!/bin/sh\n'),
            (programs / 'baby-cry-live', f"""#!{sys.executable}
import signal, time
try:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    time.sleep(60)
except KeyboardInterrupt:
    print('interrupted')
"""), (checkout / 'install' / 'setup.bash', f"""{sys.executable} -c '
import os, signal, time
os.kill(0, signal.SIGINT)
time.sleep(0.5)'
"""), (checkout / '.setup' / 'venv', 'none\n'), (checkout / '.setup' / 'build.done', '')):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    done = subprocess.run([str(checkout / 'tools' / 'run.sh')], capture_output=True, text=True,
                          timeout=50, start_new_session=True, check=False,
                          preexec_fn=as_in_a_terminal)
    assert (done.returncode, done.stdout) == (0, 'interrupted\n')
    assert 'KeyboardInterrupt' not in done.stderr


SOURCES = ('package.xml', 'CMakeLists.txt', 'LICENSE', 'NOTICE', 'cmake/a', 'msg/a', 'srv/a',
           'launch/a', 'config/a', 'baby_cry_detector/a', 'underlay/a',
           'install/audio_common_msgs/share/audio_common_msgs/package.xml')
# Builds all but what is broken, as colcon leaves it.
COLCON = """[ "$(cat package.xml)" != broken ] || exit 1
mkdir -p install/baby_cry_detector/bin; echo built >>builds
echo 'PATH=$PWD/install/baby_cry_detector/bin:$PATH' >install/setup.bash
cp .venv/bin/python install/baby_cry_detector/bin/baby-cry"""


@pytest.fixture
def prepared(machine, tmp_path):
    """Have a checkout whose environment is there, for which only building is left."""
    checkout = tmp_path / 'checkout'
    for name in (*SOURCES, '.venv/bin/python'):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text('#!/bin/sh\n')
    (checkout / '.venv' / 'bin' / 'python').chmod(0o755)
    shutil.copy(ROOT / 'env.sh', checkout)
    state = checkout / '.setup'
    state.mkdir()
    key = f'wheels {sys.version_info[:2]} {sys.base_exec_prefix} {checkout}\n'
    (state / 'venv').write_text(key)
    lock = (checkout / 'requirements' / 'lock' / 'jazzy.txt').read_bytes()
    (state / 'lock_jazzy.done').write_text(sha256(lock).hexdigest()[:16] + '\n')

    def build():
        result, _ = machine(fake={'colcon': COLCON})
        return result

    assert build().returncode == 0
    return checkout, build


def builds(checkout):
    return (checkout / 'builds').read_text().count('built')


def test_a_build_that_failed_is_not_ready_when_the_mistake_is_taken_back(prepared):
    checkout, build = prepared
    (checkout / 'package.xml').write_text('broken')
    result = build()
    assert 'the build failed' in sentence(result) and 'ready' not in result.stderr
    (checkout / 'package.xml').write_text('#!/bin/sh\n')
    assert 'ready' in build().stderr and builds(checkout) == 2
    assert 'ready' in build().stderr and builds(checkout) == 2  # and then there is nothing to do


@pytest.mark.parametrize('lost', ['install', '.venv/bin/python', 'moved'])
def test_a_checkout_that_lost_its_build_is_set_up_by_the_next_command(prepared, tmp_path, lost):
    checkout, _ = prepared
    (checkout / 'tools' / 'setup.sh').write_text('#!/bin/sh\necho set up anew >&2; exit 7\n')
    later = time.time() + 60
    os.utime(checkout / '.setup' / 'build.done', (later, later))
    if lost == 'moved':
        checkout = checkout.rename(tmp_path / 'elsewhere')
    elif lost == 'install':
        shutil.rmtree(checkout / lost)
    else:
        (checkout / lost).unlink()
    done = subprocess.run([str(checkout / 'env.sh'), 'true'], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (7, 'set up anew\n')


def test_a_checkout_reached_by_another_name_is_the_same(prepared, tmp_path):
    checkout, _ = prepared
    (tmp_path / 'link').symlink_to(checkout)
    done = subprocess.run([str(tmp_path / 'link' / 'env.sh'), 'echo', 'here'], check=False,
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, 'here\n')


def test_an_installation_that_is_gone_is_built_again(prepared):
    checkout, build = prepared
    shutil.rmtree(checkout / 'install' / 'baby_cry_detector')
    assert 'ready' in build().stderr and builds(checkout) == 2


def test_environment_without_a_command_says_how_to_use_it():
    if not (ROOT / 'env.sh').exists():
        pytest.skip('env.sh is part of a source checkout')
    result = subprocess.run([str(ROOT / 'env.sh')], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == '' and 'usage: ./env.sh' in result.stderr
