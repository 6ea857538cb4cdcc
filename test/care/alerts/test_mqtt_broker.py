# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""MQTT to a real broker over TLS with a password; what Home Assistant is told fits its schema."""

from dataclasses import replace
import json
import re

from alert_receivers import (Broker, make_authority, make_certificate, no_broker, no_certificates,
                             wait_for, Watcher)
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Channel, record
from baby_cry_detector.needs import START
import pytest

pytestmark = pytest.mark.skipif(bool(no_broker()), reason=no_broker() or 'there is one')
needs_openssl = pytest.mark.skipif(bool(no_certificates()), reason='openssl is not installed')
WORD = Said(START, 'crib', 1_790_000_000_000_000_000, 'a1', 1, 2, 'Crying for 30 s, hard.', 'e1',
            need='UNKNOWN', listening=True, loud=True)

# Keys that Home Assistant's MQTT integration takes in a discovery message, and what they may be:
# home-assistant.io/integrations/{mqtt,binary_sensor.mqtt,sensor.mqtt,button.mqtt}. `object_id`
# is not among them any more (2026.4).
COMMON = {'availability_topic', 'device', 'origin', 'qos', 'name', 'unique_id',
          'default_entity_id', 'entity_category', 'icon', 'json_attributes_topic'}
READ = COMMON | {'state_topic', 'value_template', 'expire_after', 'device_class', 'force_update'}
KEYS = {'binary_sensor': READ | {'payload_on', 'payload_off', 'off_delay'},
        'sensor': READ | {'options', 'state_class', 'unit_of_measurement'},
        'button': COMMON | {'command_topic', 'payload_press', 'device_class', 'retain'}}
NEEDED = {'binary_sensor': {'state_topic'}, 'sensor': {'state_topic'},
          'button': {'command_topic'}}
CLASSES = {'binary_sensor': {'problem', 'sound', 'connectivity'}, 'sensor': {'enum'}}
DEVICE = {'identifiers', 'name', 'manufacturer', 'model', 'sw_version', 'hw_version',
          'configuration_url', 'suggested_area', 'connections', 'via_device', 'serial_number'}


def channel(port, **kwargs):
    """Return a channel to a broker on this machine that retries quickly."""
    from baby_cry_detector.care.alerts.channels.mqtt import Mqtt
    return Channel(Mqtt(kwargs.pop('host', '127.0.0.1'), port, **kwargs), first_retry_s=0.05,
                   longest_retry_s=0.2)


@pytest.fixture
def authority(tmp_path):
    """Return the path of a certificate authority's certificate."""
    return make_authority(tmp_path, 'home')


@needs_openssl
def test_tls_with_user_and_password_delivers_both_ways(tmp_path, authority):
    certificate, key = make_certificate(tmp_path, authority, '127.0.0.1')
    broker = Broker(tmp_path, 'right-password', certificate, key)
    commands = []
    told = channel(broker.port, tls=True, ca_file=str(authority), username='robot',
                   password='right-password', on_command=lambda *args: commands.append(args))
    told.offer(WORD)
    assert wait_for(lambda: told.state().delivered == 1), told.state()
    watcher = Watcher(broker.port, ('robot', 'right-password'), authority)
    assert wait_for(lambda: watcher.newest('baby_cry/crib/state').get('alert') == 'ON')
    watcher.client.publish('baby_cry/crib/acknowledge/set', 'PRESS', qos=1)
    assert wait_for(lambda: commands)
    watcher.close()
    told.close()
    broker.stop()


@needs_openssl
@pytest.mark.parametrize('case, says', [
    ('another authority', ('is not trusted', 'mqtt_ca_file')),
    ("the system's authorities", ('is not trusted', 'mqtt_ca_file')),
    ("another host's certificate", ('is not trusted', 'mqtt_host')),
    ('no TLS at the broker', ('does not speak TLS', 'mqtt_port'))])
def test_a_broker_that_is_not_trusted_gets_nothing(tmp_path, authority, case, says):
    host = 'elsewhere.example' if 'host' in case else '127.0.0.1'
    certificate, key = make_certificate(tmp_path, authority, host)
    broker = Broker(tmp_path, 'right-password', *(
        () if case.startswith('no TLS') else (certificate, key)))
    ca_file = authority
    if case == 'another authority':
        ca_file = make_authority(tmp_path, 'stranger')
    if case.startswith('the system'):
        ca_file = ''
    told = channel(broker.port, tls=True, ca_file=str(ca_file), username='robot',
                   password='right-password')
    told.offer(WORD)
    assert wait_for(lambda: all(word in told.state().message for word in says)), told.state()
    # It waits for as long as it takes, and is given to nobody.
    state = told.state()
    assert not state.well and (state.waiting, state.delivered, state.lost) == (1, 0, 0)
    assert 'right-password' not in state.message
    told.close(0.1)
    broker.stop()


def test_a_wrong_password_loses_no_word(tmp_path):
    broker = Broker(tmp_path, 'right-password')
    told = channel(broker.port, username='robot', password='wrong-password')
    for _ in range(5):
        told.offer(WORD)
    assert wait_for(lambda: 'user and password' in told.state().message)
    assert (told.state().waiting, told.state().lost) == (5, 0)
    told.close(0.1)
    broker.stop()


@pytest.mark.parametrize('room, prefix, topic', [
    (0, '', 'baby_cry/crib/state'), (0, 'homeassistant', 'baby_cry/crib/state'),
    (120, 'homeassistant', 'homeassistant/binary_sensor/baby_cry_crib/crying/config')])
def test_what_is_too_large_for_the_broker_holds_up_no_alert(tmp_path, room, prefix, topic):
    """It was sent first, and the broker closes the connection over it: nobody was alerted."""
    words = [replace(WORD, alert_id=f'a{number}') for number in range(3)]
    event = len('baby_cry/crib/event') + len(json.dumps(record(WORD))) + 16
    plain = 'listener 1 127.0.0.1\npersistence false\nallow_anonymous true\n'
    broker = Broker(tmp_path, configuration=f'{plain}max_packet_size {event + room}\n')
    told, watcher = channel(broker.port, discovery_prefix=prefix), Watcher(broker.port)
    for word in words:
        told.offer(word)
    assert wait_for(lambda: told.state().delivered == 3), told.state()
    assert wait_for(lambda: 'max_packet_size' in told.state().message), told.state()
    assert wait_for(lambda: topic in told.state().message), told.state()
    alerts = [json.loads(text)['alert_id'] for text in watcher.on('baby_cry/crib/event')]
    assert alerts == ['a0', 'a1', 'a2'] and not told.state().well
    broker.stop()
    broker = Broker(tmp_path, configuration=plain, port=broker.port)
    assert wait_for(lambda: told.state().well and watcher.on(topic)), told.state()
    assert len(watcher.on('baby_cry/crib/event')) == 3
    watcher.close()
    told.close()
    broker.stop()


@pytest.mark.parametrize('crib', ['crib', 'Nursery 2', 'Krippe/ä'])
def test_what_home_assistant_is_told_fits_its_schema(tmp_path, crib):
    broker = Broker(tmp_path)
    told = channel(broker.port, crib_id=crib)
    told.offer(WORD)
    assert wait_for(lambda: told.state().delivered == 1)
    watcher = Watcher(broker.port)
    assert wait_for(lambda: sum(m.topic.endswith('/config') for m in watcher.messages) == 7)
    messages = [m for m in watcher.messages if m.topic.endswith('/config')]
    assert wait_for(lambda: any(m.topic.endswith('/availability') for m in watcher.messages))
    topics = {m.topic for m in watcher.messages}
    unique, ids, devices = set(), set(), set()
    for message in messages:
        assert message.retain
        match = re.fullmatch(r'homeassistant/(\w+)/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)/config',
                             message.topic)
        kind, document = match[1], json.loads(message.payload)
        assert set(document) <= KEYS[kind] and NEEDED[kind] <= set(document)
        assert document.get('device_class') in CLASSES.get(kind, set()) | {None}
        assert document.get('entity_category') in (None, 'diagnostic', 'config')
        assert document['qos'] == 1
        # Without it, a device that is gone would go on showing its last state.
        assert document['availability_topic'] in topics
        assert {'identifiers', 'name'} <= set(document['device']) <= DEVICE
        assert document['device']['identifiers'] and document['origin']['name']
        if 'state_topic' in document:
            assert document['state_topic'] in topics and type(document['expire_after']) is int
            assert document['expire_after'] > 0 and 'value_json.' in document['value_template']
        if 'command_topic' in document:
            assert '#' not in document['command_topic'] and '+' not in document['command_topic']
        if document.get('device_class') == 'enum':
            state = json.loads(next(m.payload for m in watcher.messages
                                    if m.topic == document['state_topic']))
            assert state['priority'] in document['options']
        # The name of an entity does not repeat the device's (it is put before it).
        assert not document['name'].startswith(document['device']['name'])
        assert re.fullmatch(rf'{kind}\.[a-z0-9_-]+', document['default_entity_id'])
        unique.add(document['unique_id'])
        ids.add(document['default_entity_id'])
        devices.add(json.dumps(document['device']))
    assert len(unique) == len(ids) == 7 and len(devices) == 1
    watcher.close()
    told.close()
    broker.stop()
