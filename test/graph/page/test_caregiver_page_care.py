# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is tapped in a real browser reaches the real diary and the real alerts."""

import threading
import time

from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need.labels import Cry, Fact, label_of
from baby_cry_detector.kept_needs import read_items
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed, NeedEstimate
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from baby_cry_detector.ros.nodes.diary import Diary
from care_runs import at_once
from page_harness import browser_missing, Phone, ServedPage, wait_until
import pytest
import soundfile
from std_msgs.msg import Empty

pytestmark = pytest.mark.skipif(bool(browser_missing()), reason=browser_missing())

AT_ONCE = at_once('repeat_s: 5, escalate_after_s: 3600, snooze_max_s: 3600, heartbeat_s: 1')
HOSTILE = '<img src=x onerror="window.broken=1">'


class House:
    """The graph on the demonstration, the diary, the alerts, the page, and phones."""

    def __init__(self, graph, tmp_path):
        """Start what stays; alerts and phones are started by the tests."""
        self.graph = graph
        self.folder = tmp_path
        self.file = tmp_path / 'diary.sqlite'
        self.page = ServedPage(graph, diary_file=str(self.file))
        self.phones = []
        self.diary = self.start(Diary({'file': str(self.file)}, context=graph.context))

    def start(self, node):
        """Start another node of the graph."""
        self.graph.nodes.append(node)
        assert node.autostart()
        self.graph.executor.add_node(node)
        return node

    def phone(self, **kwargs):
        """Return a phone that shows the page."""
        phone = Phone(**kwargs)
        self.phones.append(phone)
        phone.open(self.page.address)
        phone.shows('link', 'Live')
        return phone

    def read(self, what):
        """Return the diary's episodes or events."""
        with DiaryStore(self.file, create=False) as store:
            return getattr(store, what)()

    def close(self):
        """End the phones and the page; the graph is its owner's."""
        for phone in self.phones:
            phone.close()
        self.page.close()


@pytest.fixture
def house(start_graph, demonstration, tmp_path):
    """Return a house in which the demonstration is played over and over, in real time."""
    soundfile.write(tmp_path / 'demonstration.wav', demonstration[0], 16_000, subtype='PCM_16')
    running = House(start_graph({'audio_capture': {
        'source': 'file', 'file': str(tmp_path / 'demonstration.wav'), 'loop': True,
        'frame_id': 'nursery'}}, capture=True), tmp_path)
    yield running
    running.close()


def test_labels_and_care_reach_the_diary_and_come_back_on_every_phone(house):
    first, second = house.phone(), house.phone(dark=False)
    wait_until(lambda: [e for e in house.read('episodes') if not e['open']], what='an episode')
    first.enter('who', 'Anna')
    first.tap('[data-care="fed"]')
    first.shows('care-answer', 'Written down: fed')
    first.tap('[data-label="tired"]')
    first.shows('label-answer', 'Written down: tired')
    event, = [e for e in house.read('events') if e['kind'] == 'fed']
    assert event['who'] == 'Anna'
    label, = [e for e in house.read('events') if e['kind'] == 'labelled']
    assert label['label'] == 'tired' and label['who'] == 'Anna'
    assert label['episode_id'] in {e['episode_id'] for e in house.read('episodes')}
    for one in (first, second):
        one.shows('day-list', 'it was: tired')
        one.shows('day-list', 'fed · Anna')
        assert 'Cried' in one.text('day-sum')
        assert one.run('return document.querySelectorAll("#day-strip .cry").length') >= 1
    # Nothing that is typed becomes part of the page, of any phone.
    first.enter('who', HOSTILE[:40])
    first.tap('#care summary')
    first.enter('note', HOSTILE)
    first.tap('[data-care="note"]')
    first.shows('care-answer', 'Written down: note')
    first.tap('#label summary')
    first.enter('words', HOSTILE)
    first.tap('#say')
    first.shows('label-answer', 'Written down: <img')
    for one in (first, second):
        one.shows('day-list', HOSTILE)
        assert one.run('return window.broken') is None
        assert one.run('return document.querySelectorAll("#page img").length') == 0
        assert one.complaints() == []
        assert one.violations() == []


def test_what_is_tapped_three_times_in_vain_is_one_row_and_the_next_one_another(
        house, monkeypatch):
    monkeypatch.setattr('baby_cry_detector.ros.web.requests.ANSWER_S', 1.0)
    phone = house.phone()
    held, release = threading.Event(), threading.Event()

    def hold():
        house.diary.destroy_timer(timer)
        held.set()
        release.wait(120.0)                # all but the page stands still
    timer = house.diary.create_timer(0.01, hold)
    assert held.wait(30.0)
    try:
        for times in range(3):
            phone.tap('[data-care="fed"]')
            phone.shows('care-answer', 'try again')
            if times == 1:                 # the phone slept, and the page was loaded anew
                phone.open(house.page.address)
                phone.shows('link', 'Live')
    finally:
        release.set()
    wait_until(lambda: [row for row in house.read('events') if row['kind'] == 'fed'])
    phone.tap('[data-care="fed"]')         # soon after: it may be the same, and is
    phone.shows('care-answer', 'Written down')
    assert len([row for row in house.read('events') if row['kind'] == 'fed']) == 1
    phone.tap('[data-care="fed"]')         # answered before: this is another
    wait_until(lambda: len([row for row in house.read('events') if row['kind'] == 'fed']) == 2)
    # What was in vain long ago is no reason to lose a bottle.
    phone.run("""sessionStorage.setItem('key care fed ', JSON.stringify(
        {key: arguments[0], at: Date.now() - 200000}))""",
              [row for row in house.read('events') if row['kind'] == 'fed'][0]['event_id'])
    phone.tap('[data-care="fed"]')
    wait_until(lambda: len([row for row in house.read('events') if row['kind'] == 'fed']) == 3)


class Learnt:
    """Says in the graph's own thread what an estimator and a classifier would, again and again."""

    def __init__(self, house):
        """Take the place of the classifier."""
        node, self.house = house.diary, house
        classifier, = [n for n in house.graph.nodes if n.get_name() == 'cry_classifier']
        house.graph.executor.create_task(classifier.trigger_deactivate)
        self.onset_ns = time.time_ns() - 60 * 10 ** 9
        self.crying, self.noted = True, ''
        self._needs = node.create_publisher(CryNeed, 'cry_need', qos.LATCHED)
        self._estimates = node.create_publisher(NeedEstimate, 'need_estimate', qos.LATCHED)
        node.create_timer(0.2, self._tell)

    def _tell(self):
        now_ns = time.time_ns()
        need = CryNeed(status=CryNeed.STATUS_OK, crying=self.crying, episode_id='made-1',
                       onset=from_nanoseconds(self.onset_ns), intensity=0.5 * self.crying)
        need.duration.sec = 60
        estimate = NeedEstimate(
            episode_id='made-1' if self.crying else '', need=CryNeed.NEED_HUNGRY * self.crying,
            need_reason='probably hungry; last fed 3 h 10 min ago' * self.crying, need_right=14,
            need_of=18, need_base_right=11, base_need=CryNeed.NEED_HUNGRY, names_needs=True,
            week_right=[14], week_of=[18], week_base_right=[11], ready=True,
            calibration_error=0.06,
            noted_episode_id=self.noted,
            noted_need=CryNeed.NEED_HUNGRY if self.noted else CryNeed.NEED_UNKNOWN)
        for message, publisher in ((need, self._needs), (estimate, self._estimates)):
            message.header.frame_id = 'nursery'
            message.header.stamp = from_nanoseconds(now_ns)
            publisher.publish(message)

    def labels(self):
        """Return (label, who) of the episode as the diary has it, oldest first."""
        return [(row['label'], row['who']) for row in sorted(
            self.house.read('events'), key=lambda row: row['stamp_ns'])
            if row['kind'] == 'labelled' and row['episode_id'] == 'made-1']


def tap_at_once(phone, name):
    """Tap a button in the moment in which it is there; on a slow machine it comes and goes."""
    wait_until(lambda: phone.run("""
        const button = document.getElementById(arguments[0]);
        const can = button.offsetParent !== null && !button.disabled;
        if (can) button.click();
        return can;""", name), what=name)


def test_why_is_confirmed_corrected_and_taken_back_with_a_tap_by_two_phones(house):
    learnt = Learnt(house)
    phones = [house.phone(), house.phone(dark=False)]
    for name, one in zip(('Anna', 'Ben'), phones):
        one.enter('who', name)
        one.shows('why', 'Probably hungry; last fed 3 h 10 min ago')
        one.shows('learnt-text', 'right 14 of 18 times; always saying hunger: 11')
        one.shows('learnt-sure', 'right between 55 % and 91 % of the time. How sure it was')
        one.shows('learnt-sure', 'by 6 % on average')
    for one in phones:
        tap_at_once(one, 'confirm')
    for one in phones:
        one.shows('confirm-answer', 'Thank you')
    assert sorted(learnt.labels()) == [('hungry', 'Anna'), ('hungry', 'Ben')]
    phones[1].tap('[data-label="tired"]')                       # no: something else
    phones[1].shows('label-answer', 'Written down: tired')
    assert learnt.labels()[-1] == ('tired', 'Ben')
    cry = Cry('made-1', learnt.onset_ns, learnt.onset_ns + 60 * 10 ** 9)

    def meant():
        return label_of(cry, [fact for fact in read_items(house.file, 'nursery')
                              if isinstance(fact, Fact)]).shares
    assert meant() == {'tired': 1.0}, 'the newest word counts'
    learnt.crying, learnt.noted = False, 'made-1'
    for one in phones:
        one.shows('noted', 'Noted: it was hunger.')
        assert one.text('confirm') == ''
    tap_at_once(phones[0], 'undo')
    phones[0].shows('confirm-answer', 'Taken back')
    assert learnt.labels()[-1] == ('unknown', 'Anna') and meant() == {}
    assert [one.complaints() for one in phones] == [[], []]


def test_without_the_diary_the_page_says_so_and_goes_on(house):
    phone = house.phone()
    phone.shows('care', 'Fed')
    house.graph.executor.create_task(house.diary.destroy_node)
    phone.shows('care', 'The diary is not running')
    phone.shows('headline', 'Crying')


def test_acknowledging_silences_the_alert_and_snoozing_holds_it_back(house):
    from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
    (house.folder / 'policy.yaml').write_text(AT_ONCE)
    alerts, care = [], []
    probe = house.graph.probe
    probe.node.create_subscription(CryAlert, 'alert', alerts.append, qos.EVENTS)
    probe.node.create_subscription(CareEvent, 'care_event', care.append, qos.EVENTS)
    phone, other = house.phone(), house.phone(dark=False)
    phone.shows('alert', 'Alerts are not running')
    house.start(CaregiverAlert({'policy': str(house.folder / 'policy.yaml'), 'keep_alert': False},
                               context=house.graph.context))
    phone.shows('alert-text', 'Crying')
    phone.enter('who', 'Anna')
    # By keyboard alone: the button is reached, and Enter presses it.
    for _ in range(3):
        wait_until(lambda: phone.text('acknowledge') or 'taken it over' in phone.text('alert'))
        if 'taken it over' in phone.text('alert'):
            break
        phone.run('document.getElementById("acknowledge").focus()')
        assert phone.run('return document.activeElement.id') == 'acknowledge'
        phone.driver.switch_to.active_element.send_keys('\ue007')
        phone.shows('alert-answer', '.')
        if 'Noted' in phone.text('alert-answer'):
            break                # else that alert had just ended: the next one
    phone.shows('alert-answer', 'Noted')

    def answered():
        probe.executor.spin_once(timeout_sec=0.05)
        return [a for a in alerts if a.acknowledged and a.acknowledged_by == 'Anna']
    taken_over = wait_until(answered)[0].alert_id

    def ended():
        answered()
        return [a for a in alerts if a.alert_id == taken_over and a.state == CryAlert.STATE_END]
    wait_until(ended)
    assert not [a for a in alerts if a.alert_id == taken_over and a.acknowledged
                and a.acknowledged_by != 'Anna']
    assert wait_until(lambda: answered() and [
        e for e in care if e.kind == CareEvent.KIND_ACKNOWLEDGED])[0].who == 'Anna'
    phone.run('document.getElementById("snooze-minutes").value = "30"')
    phone.tap('#snooze')
    for one in (phone, other):
        one.shows('alert-text', 'Snoozed until')
    assert wait_until(lambda: answered() and [
        a for a in alerts if a.snoozed_until.sec])
    other.tap('#wake')
    other.shows('alert-answer', 'Alerts are on again')
    wait_until(lambda: 'Snoozed' not in phone.text('alert-text'))
    assert phone.complaints() == [] and phone.violations() == []


def test_stop_rocking_is_one_tap(house):
    stopped = []
    probe = house.graph.probe
    probe.node.create_subscription(Empty, 'rock_stop', stopped.append, 10)
    says = probe.node.create_publisher(CareEvent, 'care_event', qos.EVENTS)
    phone = house.phone()
    wait_until(lambda: says.get_subscription_count())
    event = CareEvent(kind=CareEvent.KIND_ROCKING, phase=CareEvent.PHASE_STARTED, event_id='r-1',
                      action_id='r', who='rocker')
    event.header.stamp = probe.node.get_clock().now().to_msg()
    says.publish(event)
    phone.shows('doing', 'Rocks since')
    phone.tap('#stop')
    phone.shows('robot-answer', 'told to stop')
    probe.spin_until(lambda: stopped, 60.0)
    event.phase, event.event_id = CareEvent.PHASE_ENDED, 'r-2'
    says.publish(event)
    phone.shows('doing', 'At rest')
