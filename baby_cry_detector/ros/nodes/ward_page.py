# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that serves one page for many cribs, and tells which of them are not heard.

Each crib's own robot alerts for it; what it can't tell any more when it is gone, this node does,
on `alert` in its own namespace. No audio is subscribed to.
"""

import concurrent.futures
import sys
import time

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.msg import CryAlert
from baby_cry_detector.names import crib_names
from baby_cry_detector.needs import END, HEARTBEAT, MEDIUM, ONGOING, PRIORITY_NONE, START
from baby_cry_detector.page import link
from baby_cry_detector.page.files import WARD
from baby_cry_detector.page.server import PageServer
from baby_cry_detector.page.ward import MOST_CRIBS, page_of, WardWatch, Word
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_message
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.parameters import WardPageSettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.web.serving import PageServing, port_of
from baby_cry_detector.ros.web.ward_cribs import WardCribs, WardRequests
from diagnostic_msgs.msg import DiagnosticStatus

TELL_PERIOD_S = 1.0
HEARTBEAT_S = 30.0
STATES = {'start': START, 'ongoing': ONGOING, 'end': END}


class WardPage(ManagedNode[WardPageSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters; nothing is opened."""
        super().__init__('ward_page', WardPageSettings, overrides, **kwargs)
        self._values = WardPageSettings()
        self._serving = self._server = self._cribs = self._requests = None
        self._watch = WardWatch()
        self._alert, self._beaten_s = None, 0.0
        self._shown = {}

    # --- lifecycle -------------------------------------------------------------------------------
    def validate(self, values: WardPageSettings):
        """Refuse what is no address, and what is no list of namespaces."""
        PageServing.check(values)
        crib_names(values.cribs)

    def configure(self, values: WardPageSettings):
        """Get the tokens where they are needed, and the end of what is told."""
        self._values = values
        self._serving = PageServing(self, values, WARD, has_see_token=True)
        self._alert = self.offer(CryAlert, 'alert', qos.EVENTS)

    def activate(self):
        """Listen to the cribs and to browsers."""
        values = self._values
        self._watch = WardWatch(values.not_heard_after_s, values.repeat_s)
        self._requests = WardRequests(self, self._show)
        self._server = self._serving.open(self, self._on_failure, self._close_server)
        self._cribs = WardCribs(self, self._requests, crib_names(values.cribs), self._show)
        self.every(TELL_PERIOD_S, self._look)
        self._look()
        self._serving.start(self._server)

    def _close_server(self, server: PageServer):
        """Close every connection."""
        server.stop()
        self._server = None
        self._requests.refuse()

    def cleanup(self):
        """Forget the tokens."""
        self._serving = None

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 while none is."""
        return port_of(self._server)

    # --- what goes out ---------------------------------------------------------------------------
    def _look(self):
        """See how the cribs are, tell of those that are not heard, and show it all."""
        self._requests.expire()
        self._cribs.find()
        self._show()
        now_ns = now_nanoseconds(self)
        for word in self._watch.look(self._shown['cribs'], time.monotonic_ns(), now_ns):
            self._tell(word)
        if time.monotonic() - self._beaten_s >= HEARTBEAT_S:
            self._beaten_s = time.monotonic()
            self._say(HEARTBEAT, PRIORITY_NONE, Word('', '', '', 0, '', now_ns, now_ns))

    def _show(self):
        """Give the browsers the present state."""
        if self._cribs is None or self._server is None:
            return
        self._shown = self._cribs.state.snapshot(
            now_nanoseconds(self), self._cribs.received(), self._cribs.crowded_out)
        for line in self._shown['cribs']:
            line['page'] = page_of(self._values.page_address, line['name'])
        self._server.publish(self._shown)

    def _tell(self, word: Word):
        kind = 'heard_again' if word.kind == 'end' else 'not_heard'
        self.counts[kind] += 1
        self.tell(kind, word.text, word.crib)
        self._say(STATES[word.kind], MEDIUM, word)

    def _say(self, state: int, priority: int, word: Word):
        self._alert.publish(alert_message(Said(
            state=state, stamp_ns=word.stamp_ns, crib_id=word.crib, priority=priority,
            alert_id=word.alarm_id, sequence=word.sequence, text=word.text,
            onset_ns=word.since_ns, duration_ns=word.stamp_ns - word.since_ns,
            listening=not self._shown['count']['not_heard'])))

    # --- the browsers ask (in the server's threads) ----------------------------------------------
    def act(self, action: str, fields: dict) -> concurrent.futures.Future:
        """Hand a request to the ROS thread; see `page.server.Backend`."""
        return self._requests.ask(action, fields)

    def history(self) -> dict:
        """Return nothing: each diary stays with its robot; see `page.server.Backend`."""
        return {}

    def count(self, kind: str) -> None:
        """Count for the diagnostics."""
        self.counts[kind] += 1

    def _on_failure(self, error):
        self.report('server_failed', f'the page is not served any more: {error!r}')

    def diagnose(self):
        """Report the cribs, where the page is and who looks at it."""
        if self._server is None or not self._shown:
            return DiagnosticStatus.WARN, 'not active', {}
        count = self._shown['count']
        details = {'address': self._serving.address(self._server),
                   'token_required': bool(self._serving.token), 'phones': self._server.streams,
                   'cribs': len(self._shown['cribs']), **count}
        if self.counts['server_failed']:
            return DiagnosticStatus.ERROR, 'the page is not served any more', details
        if self._cribs.crowded_out:
            return DiagnosticStatus.ERROR, (
                f'{self._cribs.crowded_out} cribs are not watched: {MOST_CRIBS} are the most'
                ), details
        if count['not_heard']:
            return DiagnosticStatus.ERROR, f'{count["not_heard"]} cribs are not heard', details
        if not self._shown['cribs']:
            return DiagnosticStatus.WARN, 'no crib has been found', details
        return DiagnosticStatus.OK, f'{len(self._shown["cribs"])} cribs are heard', details


def main(args=None) -> int:
    """Run the node until interrupted; ``--link TOKEN_FILE`` shows a link instead."""
    arguments = sys.argv[1:] if args is None else list(args)[1:]
    if arguments[:1] == ['--link']:
        return link.main(arguments[1:])
    return run_nodes(lambda: [WardPage()], args)
