# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Many more channels (push, mail, chat) through the Apprise library, an optional extra."""

import logging
import threading
from typing import Any, List, Optional

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Sender, Undelivered
from baby_cry_detector.needs import END, HIGH, MEDIUM

DEADLINE_S = 30.0


def apprise_senders(urls: str) -> List[Sender]:
    """
    Return a sender for each of Apprise's addresses, so that one that fails repeats for itself.

    :param urls: one a line; they hold secrets.
    :raises ValueError: if the library is missing, or an address is none of its own; the address
        is not repeated.
    """
    try:
        import apprise
    except ImportError:
        raise ValueError('apprise_urls is set but Apprise is missing: pip install apprise '
                         '(the extra "alerts"), or leave apprise_urls empty') from None
    # It writes addresses into its log.
    logging.getLogger('apprise').setLevel(logging.CRITICAL)
    lines = [line.strip() for line in urls.splitlines()
             if line.strip() and not line.strip().startswith('#')]
    senders: List[Sender] = []
    for number, line in enumerate(lines, 1):
        service = apprise.Apprise()
        if not service.add(line):
            raise ValueError(f'apprise_urls: address {number} of {len(lines)} is none that '
                             'Apprise knows')
        senders.append(AppriseSender(apprise, service, number))
    if not senders:
        raise ValueError('apprise_urls: there is no address in it')
    return senders


class AppriseSender(Sender):
    """One address of Apprise's, the ``number``-th; see `apprise_senders`."""

    def __init__(self, library: Any, service: Any, number: int) -> None:
        """Tell nobody yet."""
        self.name = f'apprise_{number}'
        self._library = library
        self._apprise = service
        self._hanging: Optional[threading.Thread] = None

    def send(self, said: Said, late_s: float) -> None:
        """Tell it."""
        kind = self._library.NotifyType
        level = {HIGH: kind.FAILURE, MEDIUM: kind.WARNING}.get(said.priority, kind.INFO)
        if said.state == END:
            level = kind.SUCCESS
        text = said.text if late_s < 60 else f'{said.text} (told {late_s / 60:.0f} min late)'
        if self._hanging is not None and self._hanging.is_alive():
            raise Undelivered(f'the service has not answered for {DEADLINE_S:g} s', answered=True)
        taken = []

        def notify() -> None:
            try:
                taken.append(self._apprise.notify(
                    body=text, title=f'Baby cry: {said.crib_id or "crib"}', notify_type=level))
            except Exception as error:     # a service of the library's
                taken.append(error)

        # The library's services have timeouts for parts of a request, not for the whole.
        self._hanging = threading.Thread(target=notify, daemon=True)
        self._hanging.start()
        self._hanging.join(DEADLINE_S)
        if self._hanging.is_alive():
            raise Undelivered(f'the service has not answered for {DEADLINE_S:g} s', answered=True)
        if isinstance(taken[0], Exception):
            raise taken[0]
        if taken != [True]:
            raise Undelivered('the service does not take it', answered=True)
