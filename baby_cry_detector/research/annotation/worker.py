# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A process that hears what comes through a socket; `workers` starts it."""

from multiprocessing.connection import Connection
import os
import select
import signal
import sys
import threading

from baby_cry_detector.research.annotation.hearing import hear


def serve(descriptor: int) -> None:
    """Take options, then recordings, and give a result for each, until the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)       # Ctrl-C is the command's
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()
    pipe = Connection(descriptor)
    try:
        options = pipe.recv()
        while True:
            pipe.send(hear(pipe.recv(), options))
    except (EOFError, OSError):
        return


def _end_with(descriptor: int) -> None:
    """End with the process that started this, however that ended."""
    poll = select.poll()
    poll.register(descriptor, 0)           # a hang-up is always told
    poll.poll()
    os._exit(1)


if __name__ == '__main__':
    serve(int(sys.argv[1]))
