# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A command in a terminal of its own, and somebody who presses Ctrl-C."""

import os
import pty
import select
import signal
import time

# What Python, make, rcl, rmw, the middleware and the shell say of an end that went wrong.
COMPLAINTS = ('Traceback', 'Exception', '***', 'error', 'failed', 'invalid', 'Aborted',
              'core dumped', 'Segmentation', 'terminate called', 'leaked', 'Killed')


def interrupt(command, delay_s, cwd=None, patience_s=60.0):
    """
    Run a command in a terminal of its own, press Ctrl-C, return (exit code, output).

    :param patience_s: how long after Ctrl-C it may take; then it is killed, and the code is that
        of SIGKILL.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        # What a shell started in the background ignores it, and so would all that follows.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(cwd or os.getcwd())
        os.execvp(command[0], command)
    output, pressed, end_s = b'', False, time.monotonic() + delay_s
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:      # the terminal is closed with its last process
                break
            output += piece
        if not pressed and time.monotonic() > end_s:
            os.write(terminal, b'\x03')
            pressed = True
        if time.monotonic() > end_s + patience_s:
            os.killpg(os.tcgetpgrp(terminal), signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
            break
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), output.decode(errors='replace')


def complaint(code, output) -> str:
    """Return what was wrong with an end that was asked for; '' if it was quiet."""
    if code == -signal.SIGKILL:
        return 'it went on'
    if code:
        return f'exit code {code}'
    return next((word for word in COMPLAINTS if word.lower() in output.lower()), '')
