# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""MQTT to a real broker: found by Home Assistant, nothing lost, one crib is no other."""

import json
import socket

from alert_channels import fast, said
from alert_receivers import Broker, no_broker, wait_for, Watcher
from baby_cry_detector.care.alerts.channels.channel import Channel
from baby_cry_detector.care.alerts.channels.channel_secrets import Secrets
from baby_cry_detector.needs import END, HEARTBEAT, START
import pytest

NS = 1_000_000_000

needs_broker = pytest.mark.skipif(bool(no_broker()), reason=no_broker() or 'there is one')


def mqtt(port, **kwargs):
    """Return the sender."""
    from baby_cry_detector.care.alerts.channels.mqtt import Mqtt
    return Mqtt('127.0.0.1', port, **{'crib_id': 'crib', **kwargs})


@needs_broker
def test_home_assistant_finds_a_device_with_state_and_commands(tmp_path):
    broker = Broker(tmp_path)
    commands = []
    channel = fast(mqtt(broker.port, on_command=lambda *args: commands.append(args)))
    channel.offer(said(HEARTBEAT, loud=False, need='NONE'))
    channel.offer(said(START))
    assert wait_for(lambda: channel.state().delivered == 2)
    watcher = Watcher(broker.port)
    state = 'baby_cry/crib/state'
    assert wait_for(lambda: watcher.newest(state).get('alert') == 'ON'), 'it is retained'
    assert watcher.newest(state)['crying'] == 'ON' and watcher.newest(state)['heard'] == 'ON'
    assert wait_for(lambda: watcher.on('baby_cry/crib/availability') == ['online'])
    configurations = {message.topic: json.loads(message.payload)
                      for message in watcher.messages if message.topic.endswith('/config')}
    assert len(configurations) == 7
    alert = configurations['homeassistant/binary_sensor/baby_cry_crib/alert/config']
    assert alert['state_topic'] == state and alert['expire_after'] == 90
    assert alert['availability_topic'] == 'baby_cry/crib/availability'
    assert len({c['unique_id'] for c in configurations.values()}) == 7
    assert len({json.dumps(c['device']) for c in configurations.values()}) == 1
    button = configurations['homeassistant/button/baby_cry_crib/acknowledge/config']
    watcher.client.publish(button['command_topic'], 'PRESS', qos=1)
    watcher.client.publish('baby_cry/crib/snooze/set', '300', qos=1)
    for nonsense in ('-5', '', 'OFF', 'nan', '1e999', '5 min', b'\xff\x00', '9' * 100_000):
        watcher.client.publish('baby_cry/crib/snooze/set', nonsense, qos=1)
    watcher.client.publish('baby_cry/crib/acknowledge/set', '', qos=1)
    watcher.client.publish('baby_cry/crib/snooze/set', '0', qos=1)        # the last of them
    assert wait_for(lambda: commands and commands[-1] == ('snooze', 0.0))
    assert commands.pop() and len(commands) == 2
    assert sorted(command for command, _ in commands) == ['acknowledge', 'snooze']
    assert dict(commands)['snooze'] == 300.0
    channel.offer(said(END, sequence=2))
    assert wait_for(lambda: watcher.newest(state).get('alert') == 'OFF')
    assert watcher.newest(state)['priority'] == 'none'
    channel.close()
    assert wait_for(lambda: watcher.on('baby_cry/crib/availability')[-1] == 'offline')
    watcher.close()
    broker.stop()


@needs_broker
def test_a_broker_that_goes_and_comes_loses_nothing(tmp_path):
    broker = Broker(tmp_path)
    channel = fast(mqtt(broker.port))
    channel.offer(said(START, 0))
    assert wait_for(lambda: channel.state().delivered == 1)
    broker.stop()
    for number in range(1, 31):
        channel.offer(said(END, number - 1, 2))
        channel.offer(said(START, number))
    assert wait_for(lambda: not channel.state().well)
    broker.start()
    watcher = Watcher(broker.port)
    assert wait_for(lambda: channel.state().delivered == 61)
    assert channel.state().well and not channel.state().lost
    # What the broker was to retain, and had forgotten, is there again.
    assert wait_for(lambda: watcher.newest('baby_cry/crib/state').get('alert_id') == 'a30')
    assert watcher.on('baby_cry/crib/availability')[-1] == 'online'
    late = Watcher(broker.port)
    assert wait_for(lambda: sum(m.topic.endswith('/config') for m in late.messages) == 7)
    for one in (watcher, late):
        one.close()
    channel.close()
    broker.stop()


@needs_broker
def test_the_last_will_speaks_for_who_cannot(tmp_path):
    broker = Broker(tmp_path)
    sender = mqtt(broker.port)
    sender.idle()
    watcher = Watcher(broker.port)
    assert wait_for(lambda: watcher.on('baby_cry/crib/availability') == ['online'])
    # A connection that breaks without a word, as of a process that was killed.
    sender._client.socket().shutdown(socket.SHUT_RDWR)
    assert wait_for(lambda: 'offline' in watcher.on('baby_cry/crib/availability'))
    sender.close()
    watcher.close()
    broker.stop()


@needs_broker
def test_a_wrong_password_is_told_without_it(tmp_path):
    broker = Broker(tmp_path, password='right-password')
    secrets = Secrets()
    secrets.hide('wrong-password')
    wrong = Channel(mqtt(broker.port, username='robot', password='wrong-password'),
                    secrets.redact)
    assert wait_for(lambda: 'user and password' in wrong.state().message)
    assert 'wrong-password' not in wrong.state().message
    right = fast(mqtt(broker.port, username='robot', password='right-password'))
    right.offer(said(START))
    assert wait_for(lambda: right.state().delivered == 1)
    wrong.close(0.1)
    right.close()
    broker.stop()


def test_two_cribs_share_no_topic_and_no_identifier():
    pytest.importorskip('paho.mqtt.client', reason='paho-mqtt is not installed')
    seen = set()
    for crib in ('宝宝', '房间', 'Anna', 'anna', 'a/b', 'a_b', 'a b', 'crib', ''):
        sender = mqtt(1883, crib_id=crib)
        names = {sender._base, sender._device, *(topic for topic, _ in sender._entities()),
                 *(document[key].lower() for _, document in sender._entities()
                   for key in ('unique_id', 'default_entity_id'))}
        assert not names & seen, crib
        seen |= names


@needs_broker
def test_cribs_of_any_name_are_apart_at_the_broker(tmp_path):
    """A broker closes the connection at a topic that it does not like; none of these is one."""
    broker, cribs, presses = Broker(tmp_path), ('宝宝', '房间', 'a+b/#', 'Noël', '$SYS', 'a b'), []
    channels = [fast(mqtt(broker.port, crib_id=crib, on_command=lambda *_, crib=crib:
                          presses.append(crib))) for crib in cribs]
    for channel in channels:
        channel.offer(said(HEARTBEAT, loud=False, need='NONE'))
    channels[1].offer(said(START))
    assert all(wait_for(lambda one=one: one.state().delivered) for one in channels)
    watcher = Watcher(broker.port)

    def found():
        return [message for message in list(watcher.messages)
                if message.topic.endswith('/acknowledge/config')]

    assert wait_for(lambda: len(found()) == len(cribs))
    buttons = {json.loads(message.payload)['device']['name'].removeprefix('Baby cry '):
               json.loads(message.payload) for message in found()}
    assert set(buttons) == set(cribs)

    def alerts():
        topics = {crib: buttons[crib]['availability_topic'].replace('availability', 'state')
                  for crib in cribs}
        return [watcher.newest(topics[crib]).get('alert') for crib in cribs]

    assert wait_for(lambda: alerts() == ['OFF', 'ON', 'OFF', 'OFF', 'OFF', 'OFF']), alerts()
    watcher.client.publish(buttons['宝宝']['command_topic'], 'PRESS', qos=1)
    assert wait_for(lambda: presses == ['宝宝'])
    for channel in channels:
        assert channel.close()
    watcher.close()
    broker.stop()
