# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener on a thread of its own: the stream of audio never waits for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional

from baby_cry_detector.model.second.confirmation import (Confirmation, NO_CONFIRMER,
                                                         open_confirmation)
from baby_cry_detector.model.second.confirmer import ConfirmerError


class SecondListener:
    """
    Opens what confirms candidates; without it they are told unconfirmed, at once.

    :param file: as of `open_confirmation`.
    :param report: told ``(kind, sentence)`` where it can't be opened.
    :ivar confirmation: for `Classification`; ``None`` where there is none.
    """

    def __init__(self, file: str, report: Callable[[str, str], None]) -> None:
        self._is_wanted = file != NO_CONFIRMER
        self.confirmation: Optional[Confirmation] = None
        self._thread: Optional[ThreadPoolExecutor] = None
        if not self._is_wanted:
            return
        self._thread = ThreadPoolExecutor(1, 'second_listener')
        try:
            self.confirmation = open_confirmation(file, self._thread.submit)
        except ConfirmerError as error:
            report('no_second_listener', f'crying is told without a second listener: {error}')

    @property
    def is_missing(self) -> bool:
        """Return whether one is wanted and doesn't hear."""
        return self._is_wanted and (self.confirmation is None or bool(self.confirmation.trouble))

    def close(self) -> None:
        """End the thread; what it has not begun is dropped."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
