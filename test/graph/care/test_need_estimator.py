# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Days through the real diary and estimator, with crashes: the replay of the diary."""

import time

from baby_cry_detector.care.diary.rows import CareEntry
from baby_cry_detector.care.need.labels import Fact
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.kept_needs import read_items, utc_offset_h
from baby_cry_detector.msg import CareEvent, NeedEstimate
from baby_cry_detector.needs import KIND_NAMES
from baby_cry_detector.research.needs.households import Household, START_NS
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_message
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from baby_cry_detector.srv import LabelEpisode, RecordCare
from baby_cry_detector.units import DAY_NS, MINUTE_NS, SECOND_NS
from care_graph import CareGraph
import pytest
from std_srvs.srv import Trigger

DAYS = 5


@pytest.fixture
def graph(tmp_path):
    """Return a domain with an ear for `need_estimate`."""
    running = CareGraph(tmp_path)
    running.estimates = []
    running.node.create_subscription(NeedEstimate, 'need_estimate', running.estimates.append,
                                     qos.LATCHED)
    yield running
    running.close()


def days():
    """Return (moment, kind, thing) of a household, ended a quarter of an hour ago."""
    household = Household(3, DAYS)
    later_ns = (time.time_ns() - START_NS - (DAYS * DAY_NS + 15 * MINUTE_NS)) \
        // SECOND_NS * SECOND_NS
    steps = []
    for cry in household.cries:
        onset_ns, end_ns = cry.onset_ns + later_ns, cry.end_ns + later_ns
        for stamp_ns in range(onset_ns + MINUTE_NS, end_ns, 2 * MINUTE_NS):
            steps.append((stamp_ns, 'crying', (onset_ns, end_ns)))
        steps.append((end_ns + 5 * SECOND_NS, 'quiet', (onset_ns, end_ns)))
    steps += [(fact.stamp_ns + later_ns, 'care', fact.kind) for fact in household.facts]
    return sorted(steps)


def test_days_with_crashes_are_the_replay_of_its_diary(graph, tmp_path):
    graph.start('diary')
    graph.start('need_estimator')
    steps = days()
    # Each is killed as soon as nobody cries after so many steps, and started again.
    crashes = [(len(steps) // 3, 'need_estimator'), (len(steps) // 2, 'diary'),
               (2 * len(steps) // 3, 'need_estimator')]
    for number, (stamp_ns, what, thing) in enumerate(steps):
        if what == 'care' and number % 2:
            graph.care_event.publish(care_message(CareEntry(
                f'f-{number}', stamp_ns, thing, 'crib', who='mother')))
        elif what == 'care':
            assert graph.call(RecordCare, 'diary/record_care', RecordCare.Request(
                who='phone', kind=KIND_NAMES.index(thing),
                stamp=from_nanoseconds(stamp_ns))).success
        else:
            onset_ns, end_ns = thing
            graph.say(stamp_ns, onset_ns, what == 'crying', duration_ns=min(
                stamp_ns, end_ns) - onset_ns)
        graph.spin(0.002)
        if crashes and what == 'quiet' and number >= crashes[0][0]:
            name = crashes.pop(0)[1]
            graph.spin(1.0)                     # until all of it is on its way to the disk
            graph.kill(name)
            graph.start(name)
    newest = next(thing for _, what, thing in reversed(steps) if what == 'quiet')
    # Two pages label it at once: one of both comes later, for everybody.
    client = graph.node.create_client(LabelEpisode, 'diary/label_episode')
    assert client.wait_for_service(60.0)
    labels = [client.call_async(LabelEpisode.Request(who=who, label=label, event_id=who))
              for who, label in (('phone', 'wind'), ('tablet', 'lonely'))]
    graph.until(lambda: all(label.done() for label in labels))
    assert all(label.result().success for label in labels)
    path = tmp_path / 'baby_cry_detector' / 'diary.sqlite'
    now_ns = time.time_ns()
    graph.say(now_ns, newest[0], False, duration_ns=newest[1] - newest[0])
    baby = OneBaby(utc_offset_h=utc_offset_h)

    def is_replay():
        items = read_items(path, 'crib')
        baby.add(items)
        baby.advance(now_ns)
        figures = baby.record.figures(now_ns)
        if not graph.estimates or not graph.estimates[-1].ready:
            return False
        said = graph.estimates[-1]
        return (said.need_right, said.need_of, said.need_base_right) == figures[:3] and abs(
            said.probability_better - figures.probability_better) < 1e-5 and abs(
            said.calibration_error - baby.record.calibration_error()) < 1e-5
    graph.until(is_replay, 90.0)
    assert not crashes and len(baby.answered) == sum(what == 'quiet' for _, what, _ in steps)
    assert baby.record.figures(now_ns).of > 40 and len(baby.record.outcomes) > 40
    said = [item for item in read_items(path, 'crib') if isinstance(item, Fact)
            and item.kind == 'labelled']
    assert sorted(fact.label for fact in said) == ['lonely', 'wind'], 'both stand in the diary'
    newest_label = max(said, key=lambda fact: (fact.stamp_ns, fact.label)).label
    assert baby.answered[-1].label.need == {'wind': 'burping', 'lonely': 'lonely'}[newest_label]
    # The next cry is spoken of at once.
    onset_ns = now_ns + MINUTE_NS
    graph.say(onset_ns + SECOND_NS, onset_ns)
    graph.until(lambda: graph.estimates[-1].episode_id == f'crib-{onset_ns}')
    assert graph.estimates[-1].need_reason


def test_without_a_diary_it_learns_from_the_topics_keeps_it_and_forgets_it(graph):
    graph.start('need_estimator')
    onset_ns = time.time_ns() - 3 * DAY_NS
    for number in range(6):
        end_ns = onset_ns + 6 * MINUTE_NS
        graph.say(onset_ns + MINUTE_NS, onset_ns)
        graph.care_event.publish(care_message(CareEntry(
            f'f-{number}', end_ns - MINUTE_NS, 'comforted' if number % 2 else 'burped', 'crib')))
        graph.say(end_ns + SECOND_NS, onset_ns, False, duration_ns=end_ns - onset_ns)
        onset_ns += 3 * 60 * MINUTE_NS
    graph.say(onset_ns, onset_ns - 180 * MINUTE_NS, False, duration_ns=6 * MINUTE_NS)
    graph.until(lambda: graph.estimates and graph.estimates[-1].need_of == 6)
    graph.kill('need_estimator')
    graph.estimates.clear()
    graph.start('need_estimator')
    graph.until(lambda: graph.estimates and graph.estimates[-1].need_of == 6)
    labelled = graph.call(LabelEpisode, 'need_estimator/label_episode',
                          LabelEpisode.Request(who='phone', label='hungry'))
    assert labelled.success, labelled.message
    graph.until(lambda: any(event.kind == CareEvent.KIND_LABELLED for event in graph.care))
    assert not graph.call(LabelEpisode, 'need_estimator/label_episode', LabelEpisode.Request(
        label='hungry', episode_id='nobody')).success
    assert graph.call(Trigger, 'need_estimator/forget', Trigger.Request()).success
    graph.until(lambda: graph.estimates[-1].need_of == 0)
    graph.kill('need_estimator')
    graph.estimates.clear()
    graph.start('need_estimator')
    graph.until(lambda: graph.estimates and graph.estimates[-1].ready)
    graph.spin(1.0)
    assert graph.estimates[-1].need_of == 0, 'forgotten is forgotten'
