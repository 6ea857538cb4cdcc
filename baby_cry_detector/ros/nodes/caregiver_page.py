# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that serves the caregiver's page: what the topics say goes out, what is tapped comes in.

ROS is spun by the process's own thread and the web server runs in another. What crosses between
them is bounded: outwards the newest state only, inwards a short queue of requests. No audio is
subscribed to, so none can leave.
"""

import concurrent.futures
from pathlib import Path
import sys

from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed, NeedEstimate
from baby_cry_detector.page import link
from baby_cry_detector.page.files import CRIB
from baby_cry_detector.page.history import read_history
from baby_cry_detector.page.server import PageServer
from baby_cry_detector.page.state import PageState
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_report, care_report, estimate_report
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import CaregiverPageSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.web.requests import PageRequests
from baby_cry_detector.ros.web.serving import PageServing, port_of
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

# The page counts the seconds itself; this often it is told that they still count.
TELL_PERIOD_S = 1.0


class CaregiverPage(ManagedNode[CaregiverPageSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters; nothing is opened."""
        super().__init__('caregiver_page', CaregiverPageSettings, overrides, **kwargs)
        self._values = CaregiverPageSettings()
        self._serving = None
        self._server = None
        self._state = PageState()
        self._need_arrival, self._alert_arrival = Arrival(self), Arrival(self)
        self._diary = None                 # where it lies
        self._now_ns = 0                   # for the server's threads
        self._told = None                  # what may not wait for the next second
        self._requests = None

    # --- lifecycle -------------------------------------------------------------------------------
    def validate(self, values: CaregiverPageSettings):
        """Refuse a name where an address is needed: it may be another machine's."""
        PageServing.check(values)

    def configure(self, values: CaregiverPageSettings):
        """Get the token where one is needed, and the ends of what the buttons do."""
        self._values = values
        self._serving = PageServing(self, values, CRIB)
        self._diary = Path(values.diary_file or default_path()).expanduser()
        self._requests = PageRequests(self, self._on_answer)

    def activate(self):
        """Listen to the graph and to browsers."""
        self._state = PageState()
        self.hear(CryNeed, 'cry_need', self._on_need, qos.NEED)
        # Alerts and rocking that began before this node did are said again.
        self.hear(CryAlert, 'alert', self._on_alert, qos.EVENTS)
        self.hear(CareEvent, 'care_event', self._on_care, qos.EVENTS)
        self.hear(NeedEstimate, 'need_estimate', self._on_estimate, qos.LATCHED)
        self.hear(Time, 'self_test_heard', self._on_proven, qos.LATCHED)
        self.every(TELL_PERIOD_S, self._tell)
        self._server = self._serving.open(self, self._on_failure, self._close_server)
        self._tell()
        self._serving.start(self._server)

    def _close_server(self, server: PageServer):
        """Close every connection."""
        server.stop()
        self._server = None
        self._requests.refuse()
        self._need_arrival.clear()
        self._alert_arrival.clear()

    def cleanup(self):
        """Forget the token."""
        self._serving = None

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 while none is."""
        return port_of(self._server)

    def _on_answer(self):
        """Show what an answered request changed."""
        self._state.note_history()
        self._tell()

    def _on_failure(self, error):
        self.report('server_failed', f'the page is not served any more: {error!r}')

    # --- messages --------------------------------------------------------------------------------
    def _on_need(self, message: CryNeed):
        self._need_arrival.note()
        self._state.hear_need(cry_state(message))
        what = (message.status, message.crying, message.need, message.episode_id)
        if what != self._told:
            self._told = what
            self._tell()

    def _on_alert(self, message: CryAlert):
        self._alert_arrival.note()
        self._state.hear_alert(alert_report(message))
        self._tell()

    def _on_care(self, message: CareEvent):
        self._state.hear_care(care_report(message))
        self._tell()

    def _on_estimate(self, message: NeedEstimate):
        self._state.hear_estimate(estimate_report(message))
        self._tell()

    def _on_proven(self, message: Time):
        self._state.hear_proven(to_nanoseconds(message))
        self._tell()

    def _tell(self):
        """Give the browsers the present state."""
        self._requests.expire()
        self._now_ns = now_nanoseconds(self)
        if self._server is not None:
            self._server.publish(self._state.snapshot(
                self._now_ns, self._need_arrival.silent_ns(),
                self._alert_arrival.silent_ns(), self._requests.can()))

    # --- the browsers ask (in the server's threads) ----------------------------------------------
    def act(self, action: str, fields: dict) -> concurrent.futures.Future:
        """Hand a request to the ROS thread; see `page.server.Backend`."""
        return self._requests.ask(action, fields)

    def history(self) -> dict:
        """Return the diary of the last days; see `page.server.Backend`."""
        return read_history(self._diary, self._state.crib, self._now_ns)

    def count(self, kind: str) -> None:
        """Count for the diagnostics."""
        self.counts[kind] += 1

    def diagnose(self):
        """Report where the page is and who looks at it."""
        if self._server is None:
            return DiagnosticStatus.WARN, 'not active', {}
        details = {'address': self._serving.address(self._server),
                   'token_required': bool(self._serving.token), 'phones': self._server.streams}
        if self.counts['server_failed']:
            return DiagnosticStatus.ERROR, 'the page is not served any more', details
        return DiagnosticStatus.OK, f'{self._server.streams} looking', details


def main(args=None) -> int:
    """Run the node until interrupted; ``--link TOKEN_FILE`` shows the link instead."""
    arguments = sys.argv[1:] if args is None else list(args)[1:]
    if arguments[:1] == ['--link']:
        return link.main(arguments[1:])
    return run_nodes(lambda: [CaregiverPage()], args)
