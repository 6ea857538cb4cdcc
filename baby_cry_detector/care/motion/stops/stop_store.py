# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A caregiver's stop in a small file that is on the disk before the caregiver is answered."""

import os
from typing import Callable, Optional

from baby_cry_detector.care.motion.duty_store import boot_id, boot_seconds, NodeTwiceError
from baby_cry_detector.care.motion.stops.stop_latch import StopLatch, UNREADABLE
from baby_cry_detector.kept_state import HeldError, KeptState

RETRY_S = 1.0


class KeptStop:
    """
    A latch that is kept as far as the disk allows.

    :param name: full name of the node.
    :param report: is called with (kind, sentence) of what goes wrong.
    """

    def __init__(self, name: str, report: Callable[[str, str], object]) -> None:
        """Take the file, if it can be had."""
        self.latch = StopLatch()
        self._name, self._report = name, report
        self._file: Optional[KeptState] = None
        self._was_read = False
        self._is_held_elsewhere = ''
        self.trouble = ''                 # why it is not kept at present
        self._tried_s, self._is_owed = 0.0, False
        self._open()

    def check_alone(self) -> None:
        """Raise `NodeTwiceError` if another process of that name keeps the file."""
        if self._is_held_elsewhere:
            self._open()
        if self._is_held_elsewhere:
            raise NodeTwiceError(f'{self._is_held_elsewhere}; two would rock the same crib')

    def _open(self) -> None:
        self._is_held_elsewhere = ''
        try:
            if self._file is None:
                self._file = KeptState(self._name, '.stop')
        except HeldError as error:
            self._is_held_elsewhere = str(error)
            return
        except OSError as error:          # then nothing was ever kept, or nobody can look
            self._fail(error)
            return
        try:
            document = self._file.read()
            if document is not None:
                self.latch.restore(document, boot_seconds(), boot_id())
            self._was_read = True
        except OSError as error:
            self.latch.forbidden = f'{UNREADABLE}: {error}'
            self._fail(error)
        except ValueError as error:
            self.latch.forbidden = UNREADABLE
            self._was_read = True
            self._report('stop_unknown', str(error))
            self.keep()                   # what makes no sense is gone: the stop is not

    def keep(self) -> None:
        """Write the latch, through to the disk; trouble is reported, and `trouble` says it."""
        self._tried_s, self._is_owed = boot_seconds(), False
        try:
            if not self._was_read:        # else it would be replaced unread
                self._open()
            if self._was_read:
                assert self._file is not None
                self._file.keep(self.latch.document(boot_id()))
                for path, flags in ((self._file.path, os.O_RDONLY),
                                    (self._file.path.parent, os.O_RDONLY | os.O_DIRECTORY)):
                    handle = os.open(path, flags)
                    try:
                        os.fsync(handle)
                    finally:
                        os.close(handle)
                self.trouble = ''
        except OSError as error:
            self._fail(error)

    def stop(self, hold_s: float) -> None:
        """Latch a stop and keep it; of a flood of stops only one a second waits for the disk."""
        now_s = boot_seconds()
        is_new = not self.latch.objection(now_s)
        self.latch.stop(now_s, hold_s)
        if is_new or now_s - self._tried_s >= RETRY_S:
            self.keep()
        else:
            self._is_owed = True

    def owe(self, longest_s: float) -> None:
        """Keep at once that a stop is still to be carried out: this process may end before."""
        if self.latch.owe(boot_seconds(), longest_s):
            self.keep()

    def objection(self) -> str:
        """Return why nothing may move now, or ''."""
        return self.latch.objection(boot_seconds())

    def before(self) -> str:
        """Return why whatever an earlier process left moving is to be stopped now, or ''."""
        return self.objection() or (
            'a stop was still owed' if self.latch.owes(boot_seconds()) else '')

    def keep_again(self) -> None:
        """Write the latch where that failed or is owed, once a second; call this regularly."""
        if (self.trouble or self._is_owed) and boot_seconds() - self._tried_s >= RETRY_S:
            self.keep()

    def _fail(self, error: OSError) -> None:
        self.trouble = f"a restart would forget a caregiver's stop: {error}"
        self._report('stop_not_kept', self.trouble)

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
            self._file = None
