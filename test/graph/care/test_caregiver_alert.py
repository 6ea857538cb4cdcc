# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The alert node as a process: crashes, a silent graph, channels that are away, secrets, speed."""

import json
import os
import subprocess
import time

from alert_receivers import Broker, free_port, HttpReceiver, no_broker, wait_for, Watcher
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.ros.tools.supervisor import node_command
from baby_cry_detector.srv import Acknowledge, Snooze
from builtin_interfaces.msg import Duration
from care_graph import CareGraph, NS
from care_runs import AT_ONCE, many_episodes, ONSET_NS
from diagnostic_msgs.msg import DiagnosticArray
import pytest
from std_msgs.msg import String

SECRET = 'hunter2-hunter2'


@pytest.fixture
def policy(tmp_path):
    """Return the path of a policy that alerts at once."""
    path = tmp_path / 'policy.yaml'
    path.write_text(AT_ONCE)
    return str(path)


def told(graph, *states):
    """Return the alerts of some states, heartbeats aside."""
    return [a for a in graph.alerts if a.state in (states or (1, 2, 3))]


def test_start_ongoing_end_acknowledged_and_snoozed(graph, policy):
    graph.start('caregiver_alert', policy=policy)
    for second in range(1, 4):
        graph.say(ONSET_NS + second * NS, ONSET_NS, intensity=0.9)
    graph.until(lambda: told(graph, CryAlert.STATE_START))
    start, = told(graph, CryAlert.STATE_START)
    assert start.text.startswith('Crying') and 'reason unknown' in start.text
    assert start.episode_id == f'crib-{ONSET_NS}' and start.header.frame_id == 'crib'
    assert start.onset.sec == ONSET_NS // NS and start.listening
    wrong = graph.call(Acknowledge, 'caregiver_alert/acknowledge', Acknowledge.Request(
        who='mum', alert_id='other'))
    assert not wrong.success
    right = graph.call(Acknowledge, 'caregiver_alert/acknowledge', Acknowledge.Request(
        who='mum'))
    assert right.success
    graph.until(lambda: any(a.acknowledged_by == 'mum' for a in told(graph)))
    snoozed = graph.call(Snooze, 'caregiver_alert/snooze', Snooze.Request(
        who='dad', duration=Duration(sec=600)))
    assert snoozed.success and 'longest' in snoozed.message and snoozed.until.sec
    graph.say(ONSET_NS + 9 * NS, ONSET_NS, False, duration_ns=3 * NS)
    graph.until(lambda: told(graph, CryAlert.STATE_END))
    assert [a.sequence for a in told(graph)] == list(range(1, len(told(graph)) + 1))
    graph.until(lambda: len(graph.care) == 4)
    kinds = [event.kind for event in graph.care]
    assert kinds.count(CareEvent.KIND_ALERT) == 2
    assert kinds.count(CareEvent.KIND_ACKNOWLEDGED) == kinds.count(CareEvent.KIND_SNOOZED) == 1
    assert graph.close()


def test_killed_in_mid_alert_it_goes_on_under_the_same_name(tmp_path, policy):
    graph = CareGraph(tmp_path, depth=1)
    try:
        graph.start('caregiver_alert', policy=policy)
        graph.say_paced([ONSET_NS + second * NS for second in range(1, 4)], ONSET_NS)
        graph.until(lambda: told(graph, CryAlert.STATE_START))
        graph.call(Acknowledge, 'caregiver_alert/acknowledge', Acknowledge.Request(who='mum'))
        graph.until(lambda: any(a.acknowledged for a in told(graph)))
        graph.kill('caregiver_alert')
        before = len(told(graph))
        graph.say(ONSET_NS + 5 * NS, ONSET_NS)
        graph.start('caregiver_alert', policy=policy)
        graph.until(lambda: len(told(graph)) > before)
        assert told(graph)[-1].acknowledged_by == 'mum'
        graph.kill('caregiver_alert')
        # It ends while nobody alerts: that is told all the same.
        graph.say(ONSET_NS + 9 * NS, ONSET_NS, False, duration_ns=5 * NS)
        graph.start('caregiver_alert', policy=policy)
        graph.until(lambda: told(graph, CryAlert.STATE_END))
        assert len({a.alert_id for a in told(graph)}) == 1
        assert len(told(graph, CryAlert.STATE_START)) == 1
        assert len(told(graph, CryAlert.STATE_END)) == 1
        sequences = [a.sequence for a in told(graph)]
        assert sequences == sorted(set(sequences))
    finally:
        graph.close()


def test_silence_of_the_graph_and_no_audio_are_alerts_and_the_heartbeat_says_so(graph, policy):
    graph.start('caregiver_alert', policy=policy, need_timeout_s=2.0)
    now_ns = time.time_ns()
    graph.say(now_ns, 0, False)
    graph.until(lambda: any(a.state == CryAlert.STATE_HEARTBEAT and a.listening
                            for a in graph.alerts))
    graph.until(lambda: told(graph, CryAlert.STATE_START))
    start, = told(graph, CryAlert.STATE_START)
    assert 'nothing comes' in start.text.lower() and not start.listening
    assert graph.diagnosis('caregiver_alert')[0] in (b'\x00', b'\x02')
    graph.until(lambda: graph.diagnosis('caregiver_alert')[0] == b'\x02')
    graph.say(now_ns + 30 * NS, 0, False)
    graph.until(lambda: told(graph, CryAlert.STATE_END))
    assert told(graph, CryAlert.STATE_END)[0].text == 'The crib is heard again.'
    for second in range(31, 60):
        graph.say(now_ns + second * NS, 0, False, status=CryNeed.STATUS_NO_AUDIO)
    graph.until(lambda: any('no audio' in a.text.lower()
                            for a in told(graph, CryAlert.STATE_START)))


def test_alerting_that_is_switched_off_ends_what_is_open(graph, policy):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState
    graph.start('caregiver_alert', policy=policy)
    graph.say(ONSET_NS + NS, ONSET_NS)
    graph.until(lambda: told(graph, CryAlert.STATE_START))
    answer = graph.call(ChangeState, 'caregiver_alert/change_state', ChangeState.Request(
        transition=Transition(id=Transition.TRANSITION_DEACTIVATE)))
    assert answer.success
    graph.until(lambda: told(graph, CryAlert.STATE_END))
    assert 'switched off' in told(graph)[-1].text


def test_channels_that_are_away_block_nothing_and_get_everything_later(
        graph, policy, tmp_path, monkeypatch):
    port = free_port()
    monkeypatch.setenv('BABY_CRY_HOOK', SECRET)
    monkeypatch.setenv('BABY_CRY_HOOK_HOST', '127.0.0.1')
    parameters = {'policy': policy, 'webhook_url': f'http://127.0.0.1:{port}/hook',
                  'webhook_token': 'env:BABY_CRY_HOOK',
                  'webhook_timeout_s': 20.0,     # who is busy is not sent it twice
                  'need_timeout_s': 600.0}       # silence is an alert of its own; not here
    broker = None if no_broker() else Broker(tmp_path)
    if broker:
        parameters.update(mqtt_host='127.0.0.1', mqtt_port=broker.port)
        broker.stop()
    graph.start('caregiver_alert', **parameters)
    for number in range(20):
        graph.episode(ONSET_NS + number * 20 * NS, duration_s=3.0)
    graph.until(lambda: len(told(graph, CryAlert.STATE_END)) == 20)
    graph.until(lambda: int(
        graph.diagnosis('caregiver_alert')[2].get('webhook.waiting', 0)) >= 40)
    level, message, details = graph.diagnosis('caregiver_alert')
    assert level == b'\x01' and 'does not answer' in message
    assert details['webhook.lost'] == '0'
    receiver = HttpReceiver(port)
    try:
        graph.until(lambda: graph.diagnosis('caregiver_alert')[2]['webhook.waiting'] == '0')
        for state in ('start', 'end'):
            names = [d['alert_id'] for d in receiver.documents if d['state'] == state]
            assert len(names) == len(set(names)) == 20
        assert receiver.headers[0]['Authorization'] == f'Bearer {SECRET}'
        if broker:
            broker.start()
            watcher = Watcher(broker.port)
            graph.until(lambda: graph.diagnosis('caregiver_alert')[2]['mqtt.waiting'] == '0')
            graph.until(lambda: graph.diagnosis('caregiver_alert')[0] == b'\x00')
            assert wait_for(lambda: watcher.newest('baby_cry/crib/state').get('alert') == 'OFF')
            # The way back: a button at Home Assistant takes the alert over.
            graph.say(ONSET_NS + 1000 * NS, ONSET_NS + 999 * NS)
            graph.until(lambda: watcher.newest('baby_cry/crib/state').get('alert') == 'ON')
            watcher.client.publish('baby_cry/crib/acknowledge/set', 'PRESS', qos=1)
            graph.until(lambda: graph.alerts[-1].acknowledged_by == 'mqtt')
            watcher.close()
    finally:
        receiver.close()
        if broker:
            broker.stop()
    assert graph.close()
    assert SECRET not in graph.log('caregiver_alert')
    assert SECRET not in str(graph.probe.diagnostics)


def test_killed_while_the_channels_are_away_it_tells_everything_after_that(graph, policy,
                                                                           tmp_path):
    port = free_port()
    parameters = {'policy': policy, 'webhook_url': f'http://127.0.0.1:{port}/hook',
                  'webhook_timeout_s': 1.0}
    broker = None if no_broker() else Broker(tmp_path)
    if broker:
        parameters.update(mqtt_host='127.0.0.1', mqtt_port=broker.port)
        broker.stop()
    graph.start('caregiver_alert', **parameters)
    for number in range(5):
        graph.episode(ONSET_NS + number * 20 * NS, duration_s=3.0)
    graph.until(lambda: len(told(graph, CryAlert.STATE_END)) == 5)
    names = [a.alert_id for a in told(graph, CryAlert.STATE_START)]
    # Twice: what one process has from the one before it outlives that one too.
    graph.kill('caregiver_alert')
    graph.start('caregiver_alert', **parameters)
    graph.until(lambda: int(graph.diagnosis('caregiver_alert')[2]['webhook.waiting']) >= 10)
    graph.kill('caregiver_alert')
    receiver = HttpReceiver(port)
    if broker:
        broker.start()
        watcher = Watcher(broker.port)
    try:
        graph.start('caregiver_alert', **parameters)
        graph.until(lambda: graph.diagnosis('caregiver_alert')[2]['webhook.waiting'] == '0')
        # What follows is that this made classifier tells every node its whole history.
        for state in ('start', 'end'):
            told_ids = [d['alert_id'] for d in receiver.documents if d['state'] == state]
            # Killed while it said an END, it says that one again: rather twice than never.
            assert list(dict.fromkeys(told_ids))[:5] == names
            assert len(told_ids) - len(set(told_ids)) <= 2 * (state == 'end')
        assert receiver.documents[0]['late_s'] > 0
        if broker:
            graph.until(lambda: graph.diagnosis('caregiver_alert')[2]['mqtt.waiting'] == '0')

            def events():
                documents = map(json.loads, watcher.on('baby_cry/crib/event'))
                return [d['alert_id'] for d in documents if d['state'] == 'start']
            assert wait_for(lambda: events()[:5] == names)
            assert wait_for(lambda: watcher.newest('baby_cry/crib/state').get('alert') == 'OFF')
            watcher.close()
    finally:
        receiver.close()
        if broker:
            broker.stop()


@pytest.mark.parametrize('parameters, says', [
    ({'policy': '/nowhere/policy.yaml'}, '/nowhere/policy.yaml'),
    ({'webhook_url': 'ftp://host/'}, 'webhook_url'),
    ({'webhook_url': 'http://host/', 'webhook_token': SECRET}, 'env:NAME or file:'),
    ({'apprise_urls': 'env:BABY_CRY_NOT_SET'}, 'BABY_CRY_NOT_SET')])
def test_what_cannot_work_is_a_clear_error_at_configure(graph, parameters, says):
    with pytest.raises(AssertionError) as failed:
        graph.start('caregiver_alert', **parameters)
    assert graph.processes.pop('caregiver_alert').returncode == 1
    log = graph.log('caregiver_alert')
    assert says in log and 'Traceback' not in log and says in str(failed.value)


def test_many_episodes_in_a_row_have_a_row_and_a_delivered_alert_each(graph, tmp_path):
    # Broker and webhook go in the middle and come back; `make soak` has the long form.
    outcome = many_episodes(graph, tmp_path, 100, fault_s=5.0)
    print(outcome)
    assert outcome.whole, outcome


def test_two_detectors_that_disagree_are_one_alarm(graph, policy):
    graph.start('caregiver_alert', policy=policy)
    receiver_begin_ns = ONSET_NS
    for index in range(300):          # each five times a second for half a minute
        crying = index % 2 == 0
        graph.say(receiver_begin_ns + (10 + index // 10) * NS + index % 10 * NS // 10, ONSET_NS,
                  crying, duration_ns=5 * NS)
        if index % 20 == 0:
            graph.spin(0.05)
    graph.until(lambda: any('disagree' in a.text or 'contradicts' in a.text for a in graph.alerts))
    graph.spin(1.0)
    loud = [a for a in graph.alerts if a.state in (CryAlert.STATE_START, CryAlert.STATE_END)]
    assert len(loud) <= 7, [a.text for a in loud]
    assert 'contradicts' in loud[-1].text or 'disagree' in loud[-1].text


def test_a_second_one_is_refused_and_takes_over_when_the_first_is_gone(graph, policy, tmp_path):
    graph.start('caregiver_alert', policy=policy, keep_alert=False, need_timeout_s=300.0)
    graph.say(ONSET_NS + 1 * NS, ONSET_NS)
    graph.until(lambda: told(graph, CryAlert.STATE_START))
    first = graph.processes.pop('caregiver_alert')
    # On this machine: a lock, whatever the second one keeps. (What is diagnosed is the first.)
    with open(graph.folder / 'second.log', 'w') as log:
        second = subprocess.run(
            node_command('caregiver_alert', {'policy': policy}), stdout=log, stderr=log,
            timeout=60, env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain_id),
                             'XDG_STATE_HOME': str(graph.folder)})
    assert second.returncode == 1 and 'told twice' in graph.log('second')
    # In another container: what the first one says is heard.
    graph.start('caregiver_alert', policy=policy, need_timeout_s=300.0,
                environment={'XDG_STATE_HOME': str(tmp_path / 'elsewhere')})
    graph.until(lambda: 'says nothing' in graph.diagnosis('caregiver_alert')[1])
    before = len(told(graph))
    for second in range(2, 6):
        graph.say(ONSET_NS + second * NS, ONSET_NS)
    assert len({a.alert_id for a in told(graph)}) == 1
    assert [a.state for a in told(graph)].count(CryAlert.STATE_START) == 1, before
    first.terminate()
    assert first.wait(20) == 0
    graph.until(lambda: len({a.alert_id for a in told(graph)}) == 2)


def test_two_that_begin_at_once_on_two_machines_become_one(graph, policy, tmp_path):
    said = []
    graph.node.create_subscription(DiagnosticArray, '/diagnostics', lambda message: said.extend(
        status.message for status in message.status if 'caregiver_alert' in status.name), 100)
    for number in range(2):
        folder = tmp_path / f'machine_{number}'
        folder.mkdir()
        graph.processes[f'machine_{number}'] = subprocess.Popen(
            node_command('caregiver_alert', {'policy': policy}), stderr=subprocess.DEVNULL,
            env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain_id),
                 'XDG_STATE_HOME': str(folder)})
    graph.say(ONSET_NS - NS, 0, False)
    graph.until(lambda: any('says nothing' in one for one in said[-4:])
                and any('watching' in one for one in said[-4:]))
    for second in range(1, 6):
        graph.say(ONSET_NS + second * NS, ONSET_NS)
        graph.spin(0.4)
    graph.until(lambda: told(graph, CryAlert.STATE_START))
    graph.spin(2.5)
    assert len(told(graph, CryAlert.STATE_START)) == 1


def test_who_only_claims_to_alert_silences_nobody(graph, policy):
    claims = graph.node.create_publisher(String, 'alert_claim', 10)
    graph.node.create_timer(0.2, lambda: claims.publish(String(data='')))
    graph.start('caregiver_alert', policy=policy)
    graph.until(lambda: 'says nothing' in graph.diagnosis('caregiver_alert')[1])
    graph.say(ONSET_NS + 1 * NS, ONSET_NS)
    for tenth in range(400):
        graph.say(ONSET_NS + NS + tenth * NS // 10, ONSET_NS)
        graph.spin(0.1)
        if told(graph, CryAlert.STATE_START):
            break
    assert len(told(graph, CryAlert.STATE_START)) == 1


def test_what_weakens_hearing_is_told_and_written_down(graph, policy):
    from rcl_interfaces.msg import Parameter, ParameterEvent, ParameterType, ParameterValue
    graph.start('caregiver_alert', policy=policy)
    graph.say(ONSET_NS, 0, False)
    events = graph.node.create_publisher(ParameterEvent, '/parameter_events', 10)
    graph.until(events.get_subscription_count)
    event = ParameterEvent(node='/cry_classifier', changed_parameters=[Parameter(
        name='enter_threshold', value=ParameterValue(
            type=ParameterType.PARAMETER_DOUBLE, double_value=0.95))])
    events.publish(event)
    graph.until(lambda: any('enter_threshold' in a.text for a in told(graph)))
    graph.until(lambda: any('enter_threshold' in e.text and e.kind == CareEvent.KIND_NOTE
                            for e in graph.care))
    # Crying comes first.
    graph.say(ONSET_NS + 1 * NS, ONSET_NS)
    graph.until(lambda: told(graph)[-1].text.startswith('Crying'))
    graph.say(ONSET_NS + 9 * NS, ONSET_NS, False, status=CryNeed.STATUS_DISABLED)
    graph.until(lambda: any('switched off' in e.text for e in graph.care))


def test_a_nightly_self_test_that_nobody_does_is_told_and_no_longer_once_somebody_does(
        graph, tmp_path):
    path = tmp_path / 'nightly.yaml'
    path.write_text(AT_ONCE + 'self_test: {at: "03:00"}\n')
    graph.start('caregiver_alert', policy=str(path))

    def says(times):
        graph.say(time.time_ns(), 0, False)
        sentence = 'the policy asks for a nightly self-test and nobody does it'
        return graph.diagnosis('caregiver_alert')[1].count(sentence) == times

    # As a notice, an alert for a minute, and for as long as it is so.
    graph.until(lambda: says(2))
    assert graph.diagnosis('caregiver_alert')[0] != b'\x00'
    graph.until(lambda: any('soother does not run' in alert.text for alert in told(graph)))
    graph.start('soother', policy=str(path), output='topic')
    graph.until(lambda: says(1) or says(0))
