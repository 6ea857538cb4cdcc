# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page of a ward beside real cribs: found, heard, taken over, gone and back again."""

import functools
import json

from baby_cry_detector.msg import CryAlert, CryNeed
from baby_cry_detector.needs import END, START
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, now_nanoseconds
from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
from baby_cry_detector.ros.nodes.ward_page import WardPage
from care_runs import at_once
from page_harness import browser_missing, Phone, ServedPage, wait_until
import pytest

AT_ONCE = at_once('heartbeat_s: 1, unconfirmed_after_s: 0')
NS = 1_000_000_000


class Ward:
    """The page of a ward, the real graph in ``/`` (which gets no audio), and the crib ``/b``."""

    def __init__(self, graph, folder, **overrides):
        """Start the page; `speak` lets ``/b`` say that it cries."""
        self.graph, self.node = graph, graph.probe.node
        self.page = ServedPage(graph, functools.partial(WardPage, namespace='ward'),
                               not_heard_after_s=3.0, **overrides)
        self.words, self.others = [], []
        self.listener = self.node.create_subscription(
            CryAlert, '/ward/alert', self.words.append, qos.EVENTS)
        policy = folder / 'policy.yaml'
        policy.write_text(AT_ONCE)
        self.alerts = CaregiverAlert({'policy': str(policy)}, context=graph.context,
                                     namespace='b')
        assert self.alerts.autostart()
        self.page.executor.add_node(self.alerts)
        self.timer = self.publisher = None

    def speak(self):
        """Let ``/b`` cry from now on, as its classifier would say it."""
        self.publisher = self.alerts.create_publisher(CryNeed, 'cry_need', qos.LATCHED)
        onset_ns = now_nanoseconds(self.alerts)
        self.timer = self.alerts.create_timer(0.2, lambda: self._say(onset_ns))

    def _say(self, onset_ns):
        now_ns = now_nanoseconds(self.alerts)
        said = CryNeed(crying=True, confirmed=True, cry_probability=0.9, need=CryNeed.NEED_UNKNOWN,
                       intensity=0.5, episode=1, episode_id='b-1',
                       onset=from_nanoseconds(onset_ns))
        said.header.stamp, said.header.frame_id = from_nanoseconds(now_ns), 'room B'
        said.duration.sec = (now_ns - onset_ns) // NS
        self.publisher.publish(said)

    def fall_silent(self):
        """Let ``/b`` be gone."""
        self.page.in_ros_thread(lambda: self.alerts.destroy_timer(self.timer))

    def line(self, name):
        """Return what the page says of a crib, ``None`` if nothing."""
        state = self.page.state()
        return next((line for line in (state or {'cribs': []})['cribs']
                     if line['name'] == name), None)

    def told(self, kind, crib):
        """Return the words of a kind about a crib, heard until now."""
        self.graph.probe.executor.spin_once(timeout_sec=0.02)
        return [word for word in self.words
                if word.state == kind and word.header.frame_id == crib]

    def close(self):
        """Stop everything."""
        self.page.executor.remove_node(self.alerts)
        self.page.close()
        self.alerts.close()


@pytest.fixture
def ward(start_graph, tmp_path):
    """Return what starts a ward; it is closed after the test."""
    wards = []

    def start(**overrides):
        wards.append(Ward(start_graph(), tmp_path, **overrides))
        return wards[-1]

    yield start
    for each in wards:
        each.close()


def test_cribs_are_found_taken_over_missed_once_and_heard_again(ward):
    here = ward()
    wait_until(lambda: (here.line('/') or {}).get('state') == 'no_audio')
    here.speak()
    wait_until(lambda: (here.line('/b') or {}).get('state') == 'crying')
    # A crib without audio comes first and is told; one that cries is its own robot's to tell.
    assert [line['name'] for line in here.page.state()['cribs']] == ['/', '/b']
    wait_until(lambda: here.told(START, '/'))
    wait_until(lambda: (here.line('/b')['alert'] or {}).get('id') and
               here.line('/b')['can_acknowledge'])
    status, answer = here.page.post('acknowledge', {
        'who': 'Anna', 'crib': '/b', 'alert_id': here.line('/b')['alert']['id']})
    assert status == 200 and answer['ok'], answer
    wait_until(lambda: here.line('/b')['alert'] and
               here.line('/b')['alert']['acknowledged_by'] == 'Anna')
    assert not here.page.post('acknowledge', {'who': '', 'crib': '/none'})[1]['ok']
    here.fall_silent()
    wait_until(lambda: here.told(START, '/b'))
    assert here.line('/b')['state'] == 'no_detector'
    here.timer = here.alerts.create_timer(0.2, lambda: here._say(now_nanoseconds(here.alerts)))
    wait_until(lambda: here.told(END, '/b'))
    assert len(here.told(START, '/b')) == 1 and len(here.told(START, '/')) == 1


def test_those_that_are_listed_are_missed_from_the_beginning_and_others_not_shown(ward):
    here = ward(cribs='b, gone')
    wait_until(lambda: here.told(START, '/gone') and here.told(START, '/b'))
    here.speak()
    wait_until(lambda: here.told(END, '/b'))
    assert {line['name'] for line in here.page.state()['cribs']} == {'/b', '/gone'}
    assert here.line('/gone')['state'] == 'starting'
    # A second robot under the same name: neither is believed.
    other = here.node.create_publisher(CryNeed, '/b/cry_need', qos.LATCHED)
    wait_until(lambda: here.line('/b')['state'] == 'doubled')
    here.node.destroy_publisher(other)
    wait_until(lambda: here.line('/b')['state'] == 'crying')
    # Deactivated and back: what was made for the cribs is given back and made anew.
    assert here.page.in_ros_thread(here.page.node.trigger_deactivate)
    assert here.page.in_ros_thread(here.page.node.trigger_activate)
    here.page.port = here.page.node.port
    wait_until(lambda: (here.line('/b') or {}).get('state') == 'crying')


@pytest.mark.skipif(bool(browser_missing()), reason=browser_missing())
def test_a_browser_shows_the_ward_and_takes_over(ward):
    here = ward(cribs='b, gone', page_address='http://127.0.0.1:1/{crib}/')
    here.speak()
    wait_until(lambda: (here.line('/b') or {}).get('alert') and
               here.line('/b')['can_acknowledge'])
    phone = Phone()
    try:
        phone.open(here.page.address)
        phone.shows('link', 'Live')
        phone.shows('headline', '1 crib not heard, 1 crying')
        shown = json.loads(phone.run(
            'return JSON.stringify([...document.querySelectorAll("#cribs li")].map('
            'li => [li.dataset.state, li.querySelector("a").textContent, '
            'li.querySelector("a").href]))'))
        assert shown == [['starting', 'gone', 'http://127.0.0.1:1/gone/'],
                         ['crying', 'room B', 'http://127.0.0.1:1/b/']]
        phone.run('document.querySelector("#cribs [data-state=crying] button").click()')
        wait_until(lambda: here.line('/b')['alert']['acknowledged_by'] == 'phone')
        phone.shows('answer', 'Room B: noted, you are on it.')
    finally:
        phone.close()
