# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The nodes as processes of their own, without ROS launch: whichever dies is started again.

The first delay is that of the launch file's respawn. Who dies again soon waits longer each time:
a crash loop doesn't take the processor from the others. A process that is asked to end has some
seconds to do so, and none outlives the supervisor, however that ends.
"""

import ctypes
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Dict

from ament_index_python.packages import get_package_prefix

PACKAGE = 'baby_cry_detector'
RESPAWN_DELAY_S = 0.5
MOST_RESPAWN_DELAY_S = 8.0
# Who ran for so long didn't die of starting: the next delay is the first one again.
STEADY_S = 4.0
END_TIMEOUT_S = 8.0
NODES = ('cry_classifier', 'feature_extractor', 'audio_capture')
PR_SET_PDEATHSIG = 1


def node_command(name: str, parameters=None, namespace: str = '', ros_arguments=()) -> list:
    """
    Return the command that runs one node.

    :param parameters: its parameters by name; they are set as ``-p`` arguments.
    """
    executable = Path(get_package_prefix(PACKAGE), 'lib', PACKAGE, name)
    command = [str(executable), '--ros-args']
    for key, value in (parameters or {}).items():
        command += ['-p', f'{key}:={_yaml(value)}']
    if namespace:
        # rcl takes no relative one here, other than the constructor of a node.
        command += ['-r', f"__ns:=/{namespace.lstrip('/')}"]
    return [*command, *ros_arguments]


def _yaml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """
    Keeps processes running; a context manager.

    :param commands: ``{name: command}``.
    :param say: takes a sentence for the user.
    """

    def __init__(self, commands: dict, respawn_delay_s: float = RESPAWN_DELAY_S, say=None,
                 **options):
        """Start all of them; options are those of subprocess.Popen."""
        self.processes: Dict[str, subprocess.Popen] = {}
        self.respawned = dict.fromkeys(commands, 0)
        self._commands = commands
        self._options = options
        self._due_s: Dict[str, float] = {}
        self._started_s: Dict[str, float] = {}
        self._first_delay_s = respawn_delay_s
        self._delays_s: Dict[str, float] = {}
        self._say = say or (lambda sentence: print(sentence, file=sys.stderr))
        for name in commands:
            self._start(name)

    def _start(self, name: str):
        self._started_s[name] = time.monotonic()
        # Ctrl-C of the terminal reaches only the supervisor, which then ends them in order.
        self.processes[name] = subprocess.Popen(
            self._commands[name], preexec_fn=_die_with_parent, start_new_session=True,
            **self._options)

    def _delay_after_death(self, name: str, now_s: float) -> float:
        delay_s = self._first_delay_s
        if name in self._delays_s and now_s - self._started_s[name] < STEADY_S:
            delay_s = max(delay_s, min(MOST_RESPAWN_DELAY_S, 2 * self._delays_s[name]))
        self._delays_s[name] = delay_s
        return delay_s

    def step(self) -> None:
        """Look after the processes; call this a few times a second."""
        now_s = time.monotonic()
        for name, process in self.processes.items():
            if process.poll() is None:
                continue
            if name not in self._due_s:
                delay_s = self._delay_after_death(name, now_s)
                self._due_s[name] = now_s + delay_s
                self._say(f'{name} ended with code {process.returncode}; it starts again in '
                          f'{delay_s:g} s')
            elif now_s >= self._due_s[name]:
                del self._due_s[name]
                self.respawned[name] += 1
                self._start(name)

    def run(self) -> None:
        """Look after the processes for ever."""
        while True:
            self.step()
            time.sleep(0.1)

    def close(self) -> bool:
        """End all; return whether each ended by itself, cleanly."""
        clean = True
        running = [process for process in self.processes.values() if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        end_s = time.monotonic() + END_TIMEOUT_S
        for process in running:
            try:
                clean &= process.wait(max(0.0, end_s - time.monotonic())) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                clean = False
        return clean

    def __enter__(self) -> 'Supervisor':
        """Return the running supervisor."""
        return self

    def __exit__(self, *_) -> None:
        """End all processes."""
        self.close()


def graph_commands(parameters=None, namespace: str = '', capture: bool = True,
                   ros_arguments=()) -> dict:
    """
    Return ``{name: command}`` of one crib's nodes, downstream first.

    :param parameters: ``{node: {parameter: value}}``.
    """
    return {name: node_command(name, (parameters or {}).get(name), namespace, ros_arguments)
            for name in NODES if capture or name != 'audio_capture'}
