# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How much was rocked in the last hour, in a small file, so that a restart forgets none of it."""

from pathlib import Path
import time
from typing import Callable, Optional

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.kept_state import HeldError, KeptState
from baby_cry_detector.units import SECOND_NS

BOOT_ID = Path('/proc/sys/kernel/random/boot_id')


class NodeTwiceError(ValueError):
    """Another process of the same name is running."""


def boot_seconds() -> float:
    """Return the time since the machine started, which nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return the name of this run of the machine; '' where it has none."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ''


class DutyStore:
    """
    The file of one node, whose lock it holds.

    :param name: full name of the node; the domain is added.
    :raises NodeTwiceError: if another process has it; two would rock one crib.
    :raises OSError: if the file can't be had.
    """

    def __init__(self, name: str):
        """Take the lock."""
        self._boot_id = boot_id()
        try:
            self._file = KeptState(name, '.duty')
        except HeldError as error:
            raise NodeTwiceError(f'{error}; two would rock the same crib') from None

    def read(self, duty: DutyLog, now_ns: int) -> None:
        """
        Put what was kept into the log.

        :param now_ns: before anything moved that the file does not know of.
        :raises ValueError: if the file makes no sense; then all duty counts as used.
        :raises OSError: if it can't be read.
        """
        try:
            document = self._file.read()
        except ValueError:
            document = {}
            self._file.keep(document)      # nor does a start after this one know better
        if document is not None:
            duty.restore(document, now_ns, self._boot_id)

    def keep(self, duty: DutyLog) -> None:
        """Write the log in one step; OSError if that fails."""
        self._file.keep(duty.document(self._boot_id))

    def close(self) -> None:
        """Give the lock back; the file stays."""
        self._file.close()


class KeptDuty:
    """
    Keeps a log in its file as far as the disk allows; what it doesn't still counts in the log.

    :param name: full name of the node.
    :param report: is called with (kind, sentence) of what goes wrong.
    """

    def __init__(self, name: str, report: Callable[[str, str], object]) -> None:
        """Open nothing yet."""
        self._name, self._report = name, report
        self._store: Optional[DutyStore] = None
        self._was_read = False
        self._since_ns = round(boot_seconds() * SECOND_NS)
        self.trouble = ''                 # why it is not kept at present

    def open(self, duty: DutyLog) -> None:  # noqa: A003  # the opposite of close
        """
        Add what the file holds to the log; without a file try again with every `keep`.

        :raises NodeTwiceError: if another process has it.
        """
        kept = DutyLog(duty.limit_ns / SECOND_NS)
        try:
            if self._store is None:
                self._store = DutyStore(self._name)
            self._store.read(kept, self._since_ns)
        except NodeTwiceError:
            raise
        except OSError as error:
            self._fail(error)
            return
        except ValueError as error:
            self._report('duty_unknown', f'{error}; the whole hour counts as used')
        self._was_read = True
        duty.add(kept)

    def keep(self, duty: DutyLog) -> None:
        """Write the log; trouble is reported, and what was written before stays as it was."""
        try:
            if not self._was_read:        # else it would be replaced unread
                self.open(duty)
            if self._store is not None and self._was_read:
                self._store.keep(duty)
                self.trouble = ''
        except (OSError, NodeTwiceError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.trouble = f'a crash would forget what was rocked: {error}'
        self._report('duty_not_kept', self.trouble)

    def close(self) -> None:
        """Give the file back."""
        if self._store is not None:
            self._store.close()
            self._store = None
