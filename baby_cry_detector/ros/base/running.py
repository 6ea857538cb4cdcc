# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From an interpreter to spinning nodes and back, with a clean exit at any moment."""

import concurrent.futures
import contextlib
import ctypes
import os
from pathlib import Path
import signal
import sys
import time

from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.ros.base.ros_time import middleware_sentence
from baby_cry_detector.ros.start.arguments import checked
from baby_cry_detector.ros.start.discovery import choose_who_may_join
import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

# A start that comes so long after another is none of a series.
SERIES_S = 120.0
# The first so many of a series do not wait: one crash must not cost hearing.
FREE_STARTS = 3
LONGEST_WAIT_S = 60.0
# glibc's M_MMAP_THRESHOLD and what it begins with, see `give_memory_back`.
MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES = -3, 1 << 16
CONSOLE_ONLY = ['--ros-args', '--disable-external-lib-logs']


def log_folder() -> Path:
    """
    Return the folder in which ROS writes its log files.

    :raises OSError: if no home folder is set.
    """
    if os.environ.get('ROS_LOG_DIR'):
        return Path(os.environ['ROS_LOG_DIR']).expanduser()
    if os.environ.get('ROS_HOME'):
        return Path(os.environ['ROS_HOME']).expanduser() / 'log'
    if not os.environ.get('HOME'):
        raise OSError('HOME is not set')
    return Path(os.environ['HOME']) / '.ros' / 'log'


def logging_arguments() -> list:
    """Return the ROS arguments that log to the console alone where files can't be written."""
    try:
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return []
        why = f'{folder} is not writable'
    except OSError as error:
        why = str(error)
    print(f'no log files: {why}', file=sys.stderr)
    return CONSOLE_ONLY


def give_memory_back() -> None:
    """
    Let glibc return large blocks as soon as they are free; other C libraries are left alone.

    By itself it keeps all blocks up to the largest one ever freed, so that a node would hold for
    good what it took once to load a model or to hear a candidate.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)


_interrupts: list = []


def _interrupt(*_):
    _interrupts.append(True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def is_interrupted() -> bool:
    """Return whether a signal came that `initialised` takes itself."""
    return bool(_interrupts)


@contextlib.contextmanager
def initialised(args, own_signals=False):
    """
    Initialise ROS for a block; rclpy's own context manager is younger than Jazzy.

    :param own_signals: a signal only interrupts, and publishing goes on to work: rclpy's handler
        takes the context away before anybody can say a last word.
    :raises SystemExit: with a sentence, on ROS arguments that can't be parsed.
    :raises KeyboardInterrupt: also where a signal came before, and got lost.
    """
    options = {}
    before = signal.getsignal(signal.SIGINT)
    if own_signals:
        options['signal_handler_options'] = SignalHandlerOptions.NO
        _interrupts.clear()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
    give_memory_back()
    choose_who_may_join(rclpy.get_rmw_implementation_identifier())
    arguments = [*(sys.argv if args is None else args), *logging_arguments()]
    try:
        rclpy.init(args=arguments, **options)
    except RuntimeError as error:      # what follows --ros-args; the rest names rcl's source files
        sys.exit(f'error: {str(error).partition(", at /")[0]}')
    try:
        # What was interrupted while it was imported may have taken it for an error of its own.
        if getattr(before, 'came', False) or _interrupts:
            raise KeyboardInterrupt
        yield
    finally:
        rclpy.try_shutdown()


def make_executor(context=None):
    """Return the executor that the graph runs in; `benchmarks/graph_cost.py` compares them."""
    return rclpy.executors.SingleThreadedExecutor(context=context)


def spin_all(executors) -> None:
    """
    Spin until one of them is interrupted, several in a thread each.

    :raises Exception: what the first that ended ended with; the context is gone then.
    """
    if len(executors) == 1:
        return executors[0].spin()
    with concurrent.futures.ThreadPoolExecutor(len(executors)) as pool:
        try:
            for ended in concurrent.futures.as_completed(
                    [pool.submit(executor.spin) for executor in executors]):
                ended.result()
        finally:
            rclpy.try_shutdown()


def run_nodes(factory, args=None, own_signals=False, refused=lambda nodes: '') -> int:
    """
    Spin the nodes that ``factory()`` makes until interrupted, in an executor for each namespace.

    An executor lists everything that may become ready whenever it wakes: one for all cribs of a
    process would cost with the square of their number, and let one of them hold up the others.

    :param own_signals: see `initialised`; the nodes need a timer that runs often.
    :param refused: is given the nodes and returns why they must not start, ``''`` for nothing.
    :return: process exit code: 0 after SIGINT or SIGTERM, 1 if a node could not start, 2 after an
        argument that nobody reads.
    """
    try:
        shown = checked(sys.argv if args is None else args)
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if shown:
        if hasattr(sys.stdout, 'reconfigure'):
            sys.stdout.reconfigure(errors='replace')     # a terminal may not know every sign
        print(shown)
        return 0
    with initialised(args, own_signals):
        nodes = []
        try:
            executors: dict = {}
            nodes += factory()
            why = refused(nodes)
            if why:
                print(f'error: {why}', file=sys.stderr)
                return 2
            begun_s = time.monotonic()
            for node in nodes:
                if node.get_namespace() not in executors:
                    executors[node.get_namespace()] = make_executor()
                executors[node.get_namespace()].add_node(node)
                if not node.autostart(time.monotonic() - begun_s):
                    return 1 if rclpy.ok() else 0
            spin_all(list(executors.values()))
        except (KeyboardInterrupt, ExternalShutdownException):
            for node in nodes:
                Restarts(node.get_fully_qualified_name(), node.get_logger().warning).forget()
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            print(f'error: {error}', file=sys.stderr)
            return 1
        except Exception as error:
            # A signal takes the context away from whoever is using it at that moment, or ends the
            # conversion of a message, of which rclpy then says something else.
            if rclpy.ok() and not _interrupts:
                if not nodes and isinstance(error, RCLError):   # as security that DDS lacks
                    print('error:', middleware_sentence(error), file=sys.stderr)
                    return 1
                raise
        finally:
            for node in nodes:
                node.close()
    return 0


def wait_s(starts: int) -> float:
    """Return how long the start after so many others of a series waits: 0, then 1, 2, 4 … 60 s."""
    if starts < FREE_STARTS:
        return 0.0
    return min(LONGEST_WAIT_S, 2.0 ** min(starts - FREE_STARTS, 10))


class Restarts:
    """
    The series of starts of one node, on the clock that nobody sets.

    :param name: full name of the node.
    :param say: is given a sentence.
    """

    def __init__(self, name: str, say):
        """Remember the name."""
        self._name, self._say = name, say

    def wait(self, sleep=time.sleep, waited_s: float = 0.0) -> float:
        """
        Note this start, wait if it is one of a series, and return how long it waited.

        :param waited_s: so long another node of this process has kept it waiting.
        """
        try:
            delay_s = self._note(time.clock_gettime(time.CLOCK_BOOTTIME)) - waited_s
        except (OSError, ValueError) as error:
            self._say(f'a series of crashes would not be noticed: {error}')
            return 0.0
        if delay_s <= 0.0:
            return 0.0
        self._say(f'it was started again and again: waiting {delay_s:.1f} s')
        sleep(delay_s)
        return delay_s

    def forget(self) -> None:
        """Note that the node was ended by somebody: who starts it again does not wait."""
        try:
            kept = KeptState(self._name, '.starts')
            try:
                kept.remove()
            finally:
                kept.close()
        except OSError as error:
            self._say(f'the next start may wait: {error}')

    def _note(self, now_s: float) -> float:
        kept = KeptState(self._name, '.starts')
        try:
            try:
                document = kept.read() or {}
                starts, last_s = int(document['starts']), float(document['last_s'])
            except (KeyError, TypeError, ValueError, OverflowError):
                starts, last_s = 0, now_s
            # Waiting is part of the series; a boot begins another.
            if not 0 <= now_s - last_s <= SERIES_S + LONGEST_WAIT_S or starts < 0:
                starts = 0
            delay_s = wait_s(starts)
            kept.keep({'starts': starts + 1, 'last_s': now_s})
            return delay_s
        finally:
            kept.close()
