# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A fortnight through classifier, diary, estimator and page, with crashes: its diary's replay."""

from array import array
import time

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.care.diary.rows import CareEntry
from baby_cry_detector.care.need.labels import Cry, Fact, need_of_text
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.features.extractor import extract
from baby_cry_detector.kept_needs import read_items, utc_offset_h
from baby_cry_detector.msg import CryNeed, FrameFeatures, NeedEstimate
from baby_cry_detector.needs import KIND_NAMES
from baby_cry_detector.research.needs.households import Household, START_NS
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_message
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from baby_cry_detector.srv import RecordCare
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.units import DAY_NS, MINUTE_NS, SECOND_NS
from care_graph import CareGraph
import numpy as np
from page_harness import ServedPage
import pytest

DAYS = 14
RATE = 16_000
QUIET_S, CRY_S, HOLD_S, AFTER_S = 0.6, 2.0, 1.0, 2.4
BLOCK = 50                              # frames a message


@pytest.fixture
def graph(tmp_path):
    """Return a domain with ears for what is said, and the page in this process."""
    running = CareGraph(tmp_path)
    running.estimates, running.heard = [], []
    running.node.create_subscription(NeedEstimate, 'need_estimate', running.estimates.append,
                                     qos.LATCHED)
    running.node.create_subscription(CryNeed, 'cry_need', running.heard.append, qos.NEED)
    running.frames = running.node.create_publisher(FrameFeatures, 'frame_features',
                                                   qos.stream(qos.depth_for()))
    running.page = ServedPage(
        running, diary_file=str(tmp_path / 'baby_cry_detector' / 'diary.sqlite'))
    yield running
    running.page.close()
    running.close()


def descriptors():
    """Return messages without a stamp, of a quiet room, a cry, a quiet room."""
    feature_set = FrameListener(open_checkpoint()).feature_set
    generator = np.random.default_rng(1)
    samples = 10 ** (-60 / 20) * generator.standard_normal(
        round((QUIET_S + CRY_S + AFTER_S) * RATE))
    cry = synthesise_cry(CRY_S, seed=4)[:round(CRY_S * RATE)]
    samples[round(QUIET_S * RATE):][:len(cry)] += cry
    rows = np.asarray(extract(feature_set, samples.astype(np.float32)), np.float32)
    messages = []
    for first in range(0, len(rows), BLOCK):
        block = rows[first:first + BLOCK]
        message = FrameFeatures(feature_set=feature_set.id, first_frame=first,
                                frame_count=len(block), feature_count=block.shape[1])
        message.header.frame_id = 'crib'
        message.values = array('f', block.tobytes())
        messages.append(message)
    return messages


def cry(graph, messages, onset_ns, until=None):
    """Let the classifier hear a cry; return the newest state, once it is over."""
    before = len(graph.heard)
    for message in messages[:until]:
        message.header.stamp = from_nanoseconds(onset_ns + message.first_frame * 10_000_000)
        graph.frames.publish(message)
        graph.spin(0.004)
    wanted = from_nanoseconds(onset_ns)
    graph.until(lambda: graph.heard and graph.heard[-1].onset.sec >= wanted.sec
                and graph.heard[-1].crying == (until is not None))
    # It ended by what was heard, not because frames stopped.
    assert until is not None or any(
        need.status == CryNeed.STATUS_OK and need.episode_id == graph.heard[-1].episode_id
        and not need.crying for need in graph.heard[before:])
    return graph.heard[-1]


def messages_heard(graph, name):
    """Return how much of `cry_need` a node says it has heard since it was started."""
    return int(graph.diagnosis(name)[2].get('messages.cry_need', 0))


def is_written(path, episodes, entered):
    """Return whether the diary has the newest episode and everything that was entered."""
    items = read_items(path, 'crib')
    return (sum(isinstance(item, Fact) for item in items) >= entered
            and any(isinstance(item, Cry) and item.episode_id == episodes[-1] for item in items))


@pytest.mark.timeout(900)                    # a minute, and much longer on a busy machine
def test_a_fortnight_through_the_whole_graph_is_the_replay_of_its_diary(graph, tmp_path):
    for name in ('diary', 'need_estimator'):
        graph.start(name)
    graph.start('cry_classifier', hold_s=HOLD_S)
    graph.until(lambda: graph.frames.get_subscription_count())
    messages = descriptors()
    household = Household(3, DAYS)
    later_ns = (time.time_ns() - START_NS - (DAYS * DAY_NS + 30 * MINUTE_NS)) \
        // SECOND_NS * SECOND_NS
    done = dict(zip((fact.stamp_ns // MINUTE_NS for fact in household.facts), household.facts))
    crashes = {len(household.cries) // 4: 'need_estimator', len(household.cries) // 2: 'diary',
               3 * len(household.cries) // 4: 'cry_classifier'}
    episodes, entered = [], 0
    path = tmp_path / 'baby_cry_detector' / 'diary.sqlite'
    for number, made in enumerate(household.cries):
        onset_ns = made.onset_ns + later_ns
        if crashes.get(number) == 'cry_classifier':         # in the middle of a cry
            cry(graph, messages, onset_ns - 10 * MINUTE_NS, until=len(messages) // 2)
            graph.kill('cry_classifier')
            graph.start('cry_classifier', hold_s=HOLD_S)
            graph.until(lambda: graph.frames.get_subscription_count())
        state = cry(graph, messages, onset_ns)
        episodes.append(state.episode_id)
        # What was entered within the made cry is entered after the one that was heard.
        minutes = range(made.onset_ns // MINUTE_NS, made.end_ns // MINUTE_NS + 1)
        fact = next((done[minute] for minute in minutes if minute in done), None)
        if fact is not None:
            entered += 1
            stamp_ns = onset_ns + 20 * SECOND_NS
            if number % 2:
                graph.care_event.publish(care_message(CareEntry(
                    f'f-{number}', stamp_ns, fact.kind, 'crib', who='mother')))
            else:
                assert graph.call(RecordCare, 'diary/record_care', RecordCare.Request(
                    event_id=f'r-{number}', who='phone', kind=KIND_NAMES.index(fact.kind),
                    stamp=from_nanoseconds(stamp_ns))).success
        if crashes.get(number) in ('need_estimator', 'diary'):
            # What nobody had time to write dies with who was to write it.
            graph.until(lambda: is_written(path, episodes, entered))
            name = crashes[number]
            before = messages_heard(graph, name)
            graph.kill(name)
            graph.start(name)
            # Made cries last a tenth of a second; what it says was heard came to the new process.
            graph.until(lambda: 0 < messages_heard(graph, name) < before)
    # The page says of some what they were, and takes back one of them.
    graph.until(lambda: graph.page.state()['learnt'] is not None
                and is_written(path, episodes, entered))
    for episode, label in ((episodes[-1], 'tired'), (episodes[5], 'wind'),
                           (episodes[-2], 'hungry'), (episodes[-2], 'unknown')):
        status, answer = graph.page.post('label', {'episode_id': episode, 'label': label})
        assert status == 200 and answer['ok'], answer
    onset_ns = time.time_ns() // SECOND_NS * SECOND_NS
    last = cry(graph, messages, onset_ns)
    baby = OneBaby(utc_offset_h=utc_offset_h)

    def is_replay():
        said = graph.estimates[-1] if graph.estimates else None
        if said is None or not said.ready:
            return False
        now_ns = said.header.stamp.sec * SECOND_NS + said.header.stamp.nanosec
        # What it said before it had heard the last cry was right too, of fewer episodes.
        if now_ns < onset_ns or not is_written(path, episodes, entered):
            return False
        baby.add(read_items(path, 'crib'))
        baby.advance(now_ns)
        figures = baby.record.figures(now_ns)
        return (said.need_right, said.need_of, said.need_base_right) == figures[:3] and abs(
            said.probability_better - figures.probability_better) < 1e-5 and abs(
            said.calibration_error - baby.record.calibration_error()) < 1e-5
    graph.until(is_replay, 90.0)
    known = {answered.cry.episode_id: answered for answered in baby.answered}
    assert set(episodes) <= set(known) | {last.episode_id}
    assert len(baby.record.outcomes) > 100
    said = [item for item in read_items(path, 'crib')
            if isinstance(item, Fact) and item.kind == 'labelled']
    assert len(said) == 4 and known[episodes[-1]].label.need == 'tired'
    assert known[episodes[5]].label.need == need_of_text('wind') == 'burping'
    assert known[episodes[-2]].label.shares == {}
    shown = graph.page.state()['learnt']
    assert (shown['right'], shown['of'], shown['base_right']) == tuple(
        baby.record.figures(onset_ns)[:3])
