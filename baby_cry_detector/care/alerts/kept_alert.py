# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The open alert, and what a crash may have swallowed, in a file between two processes."""

from dataclasses import asdict
from pathlib import Path
from typing import Callable, List, Optional, Sequence

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.alerting import AlertMachine
from baby_cry_detector.care.alerts.channels.outbox import checked_word
from baby_cry_detector.kept_state import HeldError, KeptState

MOST_UNSAID = 100


class KeptAlert:
    """
    Keeps what an `AlertMachine` has open.

    :param name: of the crib's namespace, whatever the node is called: two would tell all twice.
    :param is_kept: whether anything is written; the name is taken in any case.
    :param report: called with a kind of trouble and a sentence.
    :raises ValueError: if another process keeps the same.
    """

    def __init__(self, name: str, is_kept: bool, report: Callable[[str, str], None]) -> None:
        """Take the name."""
        self._is_kept, self._report = is_kept, report
        self._state: Optional[KeptState] = None
        try:
            self._state = KeptState(name)
        except HeldError as error:
            raise ValueError(f'{error}; alerts would be told twice') from None
        except OSError as error:
            report('alert_not_kept', f'what was open before is not known: {error}')

    @property
    def outboxes(self) -> Optional[Path]:
        """Return what the names of the channels' files begin with; ``None``: there are none."""
        return self._state.path.with_suffix('') if self._state and self._is_kept else None

    def resume(self, machine: AlertMachine) -> List[Said]:
        """Let a machine go on where one before it was; return what may not have been said."""
        if self._state is None or not self._is_kept:
            return []
        try:
            document = self._state.read()
        except (OSError, ValueError) as error:
            self._report('alert_not_kept', f'what was open before is not known: {error}')
            return []
        try:
            if document is not None:
                unsaid = [checked_word(said) for said in document.get('unsaid', ())]
                machine.resume(document.get('alerts', {}))
                return unsaid[:MOST_UNSAID]
        except (KeyError, TypeError, ValueError) as error:
            self._report('alert_not_kept', f'what was open before makes no sense: {error}'
                         f'{self._state.set_aside()}')
        return []

    def keep(self, machine: AlertMachine, unsaid: Sequence[Said] = ()) -> None:
        """Write what is open, and what is about to be said."""
        if self._state is None or not self._is_kept:
            return
        try:
            self._state.keep({'alerts': machine.to_document(),
                              'unsaid': [asdict(said) for said in unsaid]})
        except OSError as error:
            self._report('alert_not_kept', f'a crash would forget this alert: {error}')

    def close(self) -> None:
        """Give the name back."""
        if self._state is not None:
            self._state.close()
