# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that serves the caregiver's page: what the topics say goes out, what is tapped comes in.

ROS is spun by the process's own thread and the web server runs in another. What crosses between
them is bounded: outwards the newest state only, inwards a short queue of requests. No audio is
subscribed to, so none can leave.
"""

import concurrent.futures
import os
from pathlib import Path
import queue
import re
import sys
import time

from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.rows import CARE_KINDS
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.kept_state import state_folder
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed, NeedEstimate
from baby_cry_detector.needs import KIND_NAMES
from baby_cry_detector.page import link
from baby_cry_detector.page.access import Access, is_loopback
from baby_cry_detector.page.history import read_history
from baby_cry_detector.page.phones import PhoneFile, Phones
from baby_cry_detector.page.server import PageServer
from baby_cry_detector.page.state import PageState
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_report, care_report, estimate_report
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import CaregiverPageSettings
from baby_cry_detector.ros.base.ros_time import (Arrival, duration_from_nanoseconds,
                                                 from_nanoseconds, now_nanoseconds)
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import Acknowledge, LabelEpisode, RecordCare, Snooze
from baby_cry_detector.units import MINUTE_NS
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Empty
from std_srvs.srv import Trigger

# The page counts the seconds itself; this often it hears that they still count.
TELL_PERIOD_S = 1.0
MOST_REQUESTS = 32
ANSWER_S = 5.0

CARE_NUMBERS = {kind: KIND_NAMES.index(kind) for kind in CARE_KINDS}
ALERTS, DIARY = 'the alerts are not running', 'the diary is not running'
ESTIMATOR = 'nothing here learns'


class CaregiverPage(ManagedNode[CaregiverPageSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters; nothing is opened."""
        super().__init__('caregiver_page', CaregiverPageSettings, overrides, **kwargs)
        self._values = CaregiverPageSettings()
        self._token = ''
        self._access = None
        self._server = None
        self._state = PageState()
        self._need_arrival, self._alert_arrival = Arrival(self), Arrival(self)
        self._diary = None                 # where it lies
        self._now_ns = 0                   # for the server's threads
        self._told = None                  # what may not wait for the next second
        self._ends = []                    # subscriptions and timers, while active
        self._stop = None
        self._actions = {}
        self._requests = queue.Queue(MOST_REQUESTS)
        self._wake = None
        self._pending = {}                 # rclpy future: (client, deadline, the page's future)

    # --- lifecycle -------------------------------------------------------------------------------
    def validate(self, values: CaregiverPageSettings):
        """Refuse a name where an address is needed: it may be another machine's."""
        if not re.fullmatch(r'(/[A-Za-z0-9_.~-]+)*/?', values.base_path):
            raise ParameterError('base_path: expected a path like /baby')
        host = values.host
        if host != 'localhost':
            import ipaddress
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ParameterError(f'host: expected an IP address of this machine, '
                                     f'got {host!r}') from None

    def configure(self, values: CaregiverPageSettings):
        """Get the token where one is needed, and the ends of what the buttons do."""
        self._values = values
        names = [name.strip() for name in values.host_names.split(',') if name.strip()]
        loopback = is_loopback(values.host)
        always = values.require_token or bool(names)
        self._token = ''
        if always or not loopback:
            self._token = link.kept_token(self._token_path())
        self._access = Access(loopback, [*names, *(() if loopback else link.own_names())],
                              self._token, always)
        self._diary = Path(values.diary_file or default_path()).expanduser()
        self._stop = self.offer(Empty, 'rock_stop', qos.STATE)
        self._actions = {
            'acknowledge': (self.create_client(Acknowledge, 'caregiver_alert/acknowledge'),
                            ALERTS, _acknowledge),
            'snooze': (self.create_client(Snooze, 'caregiver_alert/snooze'), ALERTS, _snooze),
            'label': (self.create_client(LabelEpisode, 'diary/label_episode'), DIARY, _label),
            'forget_learnt': (self.create_client(Trigger, 'need_estimator/forget'), ESTIMATOR,
                              lambda fields: Trigger.Request()),
            'care': (self.create_client(RecordCare, 'diary/record_care'), DIARY,
                     lambda fields: _care(fields, now_nanoseconds(self))),
        }
        self._wake = self.create_guard_condition(self._take_requests)

    def activate(self):
        """Listen to the graph and to browsers."""
        self._state = PageState()
        self._ends = [
            self.hear(CryNeed, 'cry_need', self._hear_need, qos.NEED),
            # Alerts and rocking that began before this node did are said again.
            self.hear(CryAlert, 'alert', self._hear_alert, qos.EVENTS),
            self.hear(CareEvent, 'care_event', self._hear_care, qos.EVENTS),
            self.hear(NeedEstimate, 'need_estimate', self._hear_estimate, qos.LATCHED),
            self.every(TELL_PERIOD_S, self._tell)]
        phones, kept = Phones(self._token), None
        if self._token:
            kept = PhoneFile(self._token_path().with_suffix('.phones'))
            try:
                kept.read(phones)
            except (OSError, ValueError) as error:
                self.report('phones_forgotten', str(error))
        self._server = PageServer(
            self._access, self, self._mourn, phones, kept.keep if kept else lambda document: None,
            self._values.base_path.rstrip('/'))
        self._tell()
        host, port = self._values.host, self._values.port
        try:
            self._server.start(host, port)
        except OSError as error:
            raise OSError(f'the page can not listen on {host}:{port}: {error}') from None
        self._welcome(host, self._server.port)

    def deactivate(self):
        """Close every connection."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        for end in self._ends:
            if hasattr(end, 'reset'):
                self.destroy_timer(end)
            else:
                self.destroy_subscription(end)
        self._ends = []
        self._refuse_pending()
        self._need_arrival.clear()
        self._alert_arrival.clear()

    def cleanup(self):
        """Give everything back."""
        for client, _, _ in self._actions.values():
            self.destroy_client(client)
        self._actions = {}
        if self._wake is not None:
            self.destroy_guard_condition(self._wake)
            self._wake = None
        if self._stop is not None:
            self.destroy_lifecycle_publisher(self._stop)
            self._stop = None
        self._token = ''
        self._access = None

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 while none is."""
        return 0 if self._server is None else self._server.port

    # --- the link --------------------------------------------------------------------------------
    def _token_path(self) -> Path:
        if self._values.token_file:
            return Path(self._values.token_file).expanduser()
        name = self.get_fully_qualified_name().strip('/').replace('/', '.')
        return state_folder() / f'{name}.token'

    def _welcome(self, host, port):
        """Say where the page is; the token goes to the terminal, never into a log."""
        address = link.page_address(host, port)
        if not self._token:
            self.get_logger().info(f'the page is at {address}, for this machine only')
            return
        path = self._token_path()
        self.get_logger().info(f'the page is at {address}, for phones that have shown the token '
                               f'in {path}; `caregiver_page --link {path}` shows the link')
        link.show(link.invitation(host, port, self._token))

    def _mourn(self, error):
        self.report('server_failed', f'the page is not served any more: {error!r}')

    # --- the graph speaks ------------------------------------------------------------------------
    @survive
    def _hear_need(self, message: CryNeed):
        self._need_arrival.note()
        self._state.hear_need(cry_state(message))
        what = (message.status, message.crying, message.need, message.episode_id)
        if what != self._told:
            self._told = what
            self._tell()

    @survive
    def _hear_alert(self, message: CryAlert):
        self._alert_arrival.note()
        self._state.hear_alert(alert_report(message))
        self._tell()

    @survive
    def _hear_care(self, message: CareEvent):
        self._state.hear_care(care_report(message))
        self._tell()

    @survive
    def _hear_estimate(self, message: NeedEstimate):
        self._state.hear_estimate(estimate_report(message))
        self._tell()

    @survive
    def _tell(self):
        """Give the browsers the present state."""
        self._expire()
        self._now_ns = now_nanoseconds(self)
        if self._server is not None:
            self._server.publish(self._state.snapshot(
                self._now_ns, self._need_arrival.silent_ns(),
                self._alert_arrival.silent_ns(), self._can()))

    def _can(self) -> dict:
        can = {action: client.service_is_ready()
               for action, (client, _, _) in self._actions.items()}
        can['stop_rocking'] = self._stop is not None and self._stop.get_subscription_count() > 0
        return can

    # --- the browsers ask (in the server's threads) ----------------------------------------------
    def act(self, action: str, fields: dict) -> concurrent.futures.Future:
        """Hand a request to the ROS thread; see `page.server.Backend`."""
        future = concurrent.futures.Future()
        future.set_running_or_notify_cancel()      # what was taken on is carried out
        try:
            self._requests.put_nowait((action, fields, future))
            self._wake.trigger()
        except queue.Full:
            future.set_result((False, 'too much was asked for at once'))
        return future

    def history(self) -> dict:
        """Return the diary of the last days; see `page.server.Backend`."""
        return read_history(self._diary, self._state.crib, self._now_ns)

    def count(self, kind: str) -> None:
        """Count for the diagnostics."""
        self.counts[kind] += 1

    # --- requests, in the ROS thread -------------------------------------------------------------
    def _take_requests(self):
        while True:
            try:
                action, fields, future = self._requests.get_nowait()
            except queue.Empty:
                return
            try:
                self._carry_out(action, fields, future)
            except Exception as error:
                self.report('request_failed', f'{action}: {error!r}')
                _answer(future, False, "that failed; the robot's log says why")

    def _carry_out(self, action, fields, future):
        fields['who'] = fields['who'] or 'phone'
        if action == 'stop_rocking':
            if not self._stop.get_subscription_count():
                return _answer(future, False, 'nothing here can rock')
            self._stop.publish(Empty())
            return _answer(future, True, 'told to stop')
        client, absent, request = self._actions[action]
        if not client.service_is_ready():
            return _answer(future, False, absent)
        asked = client.call_async(request(fields))
        self._pending[asked] = (client, time.monotonic() + ANSWER_S, future)
        asked.add_done_callback(self._answered)

    def _answered(self, asked):
        pending = self._pending.pop(asked, None)
        if pending is None:
            return
        response = asked.result()
        _answer(pending[2], response.success, response.message)
        self._state.note_history()
        self._tell()

    def _expire(self):
        """Give up on services that died with a request."""
        for asked, (client, deadline_s, future) in list(self._pending.items()):
            if time.monotonic() > deadline_s:
                del self._pending[asked]
                client.remove_pending_request(asked)
                _answer(future, False, 'no answer; try again')

    def _refuse_pending(self):
        for _, _, future in self._pending.values():
            _answer(future, False, 'the page is being closed')
        self._pending.clear()
        while not self._requests.empty():
            _answer(self._requests.get_nowait()[2], False, 'the page is being closed')

    def diagnose(self):
        """Report where the page is and who looks at it."""
        if self._server is None:
            return DiagnosticStatus.WARN, 'not active', {}
        details = {'address': link.page_address(self._values.host, self._server.port),
                   'token_required': bool(self._token), 'phones': self._server.streams}
        if self.counts['server_failed']:
            return DiagnosticStatus.ERROR, 'the page is not served any more', details
        return DiagnosticStatus.OK, f'{self._server.streams} looking', details


# --- what the buttons ask for --------------------------------------------------------------------
def _answer(future, done, message):
    if not future.done():
        future.set_result((bool(done), str(message)))


def _acknowledge(fields):
    return Acknowledge.Request(who=fields['who'], alert_id=fields['alert_id'])


def _snooze(fields):
    return Snooze.Request(who=fields['who'], duration=duration_from_nanoseconds(
        round(fields['minutes'] * MINUTE_NS)))


def _label(fields):
    return LabelEpisode.Request(who=fields['who'], episode_id=fields['episode_id'],
                                label=fields['label'], event_id=fields['key'])


def _care(fields, now_ns):
    request = RecordCare.Request(who=fields['who'], kind=CARE_NUMBERS[fields['kind']],
                                 text=fields['text'], event_id=fields['key'])
    if fields['minutes_ago']:
        request.stamp = from_nanoseconds(now_ns - round(fields['minutes_ago'] * MINUTE_NS))
    return request


def main(args=None) -> int:
    """Run the node until interrupted; ``--link TOKEN_FILE`` shows the link instead."""
    arguments = sys.argv[1:] if args is None else list(args)[1:]
    if arguments[:1] == ['--link']:
        return _show_link(arguments[1:])
    return run_nodes(lambda: [CaregiverPage()], args)


def _show_link(arguments) -> int:
    """Print link and QR code for a token file and, if another than 8095, the port."""
    try:
        path = Path(arguments[0]).expanduser()
        port = int(arguments[1]) if len(arguments) > 1 else 8095
        os.stat(path)
        print(link.invitation('0.0.0.0', port, link.kept_token(path)))
        return 0
    except IndexError:
        print('usage: caregiver_page --link TOKEN_FILE [PORT]', file=sys.stderr)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
    return 1
