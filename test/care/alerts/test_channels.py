# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Channels to real receivers: delivered in order, retried, never in the way, without secrets."""

import json
import os
import socket
import threading
import time

from alert_receivers import Broker, free_port, HttpReceiver, no_broker, wait_for, Watcher
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channel import Channel, Refused, Sender, Undelivered
from baby_cry_detector.care.alerts.channel_secrets import Secrets
from baby_cry_detector.care.alerts.settings import ChannelSettings, make_senders
from baby_cry_detector.care.alerts.sounder import RATE, tone
from baby_cry_detector.care.alerts.webhook import Webhook
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.needs import END, HEARTBEAT, ONGOING, START
import numpy as np
import pytest

NS = 1_000_000_000
needs_broker = pytest.mark.skipif(bool(no_broker()), reason=no_broker() or 'there is one')


def said(state, number=1, sequence=1, **kwargs):
    """Return a loud word about an alert."""
    values = {'alert_id': f'a{number}' if state != HEARTBEAT else '', 'sequence': sequence,
              'priority': 2, 'text': 'Crying for 2 min, hard; reason unknown.', 'need': 'UNKNOWN',
              'episode_id': f'crib-{number}', 'listening': True, 'loud': True}
    return Said(state, 'crib', 1_790_000_000 * NS + sequence * NS, **{**values, **kwargs})


class Collecting(Sender):
    """A sender that fails as told, and remembers."""

    name = 'collecting'

    def __init__(self, failures=()):
        self.failures = list(failures)
        self.sent, self.idled, self.closed = [], 0, False
        self.hold = threading.Event()
        self.hold.set()

    def send(self, word, late_s):
        self.hold.wait(20)
        if self.failures:
            failure = self.failures.pop(0)
            if failure is not None:
                raise failure
        self.sent.append(word)

    def idle(self):
        self.idled += 1

    def close(self):
        self.closed = True


def fast(sender, **kwargs):
    """Return a channel that retries quickly."""
    return Channel(sender, **{'first_retry_s': 0.02, 'longest_retry_s': 0.1, **kwargs})


def test_what_fails_is_tried_again_in_order():
    sender = Collecting([Undelivered('away'), OSError('cable'), None, RuntimeError('odd')])
    channel = fast(sender)
    words = [said(START), said(END, sequence=2), said(START, 2), said(END, 2, 2)]
    for word in words:
        channel.offer(word)
    assert wait_for(lambda: channel.state().delivered == 4)
    assert sender.sent == words and channel.state().well and not channel.state().lost
    assert channel.close() and sender.closed


def test_what_is_refused_is_given_up_and_does_not_block_the_rest():
    sender = Collecting([Refused('404')] * 3)
    channel = fast(sender)
    channel.offer(said(START))
    channel.offer(said(END, sequence=2))
    assert wait_for(lambda: channel.state().delivered == 1)
    assert [word.state for word in sender.sent] == [END] and channel.state().lost == 1
    channel.close()


def test_offering_never_waits_and_the_queue_is_bounded():
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender, most_waiting=50)
    begin_s = time.monotonic()
    for number in range(500):
        channel.offer(said(START, number))
        for sequence in range(2, 6):
            channel.offer(said(ONGOING, number, sequence))
    assert time.monotonic() - begin_s < 10.0
    state = channel.state()
    assert state.waiting == 50 and state.lost > 0
    sender.hold.set()
    assert wait_for(lambda: not channel.state().waiting)
    assert sender.sent[-1].sequence == 5 and sender.sent[-1].alert_id == 'a499'
    channel.close()


def test_only_the_newest_of_what_goes_on_waits():
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender)
    channel.offer(said(START))
    assert wait_for(lambda: channel.state().waiting == 1)
    for sequence in range(2, 30):
        channel.offer(said(ONGOING, 1, sequence))
    channel.offer(said(END, 1, 30))
    assert channel.state().waiting == 3
    sender.hold.set()
    assert wait_for(lambda: len(sender.sent) == 3)
    assert [word.sequence for word in sender.sent] == [1, 29, 30]
    channel.close()


def test_closing_delivers_what_it_can_in_bounded_time():
    sender = Collecting([Undelivered('away')] * 10_000)
    channel = fast(sender)
    channel.offer(said(START))
    assert not channel.close(timeout_s=0.3) and sender.closed


def test_quiet_words_go_to_nobody_but_an_end_does():
    sender = Collecting()
    channel = fast(sender)
    for word in (said(ONGOING, loud=False), said(HEARTBEAT, loud=False), said(END, loud=False)):
        channel.offer(word)
    assert wait_for(lambda: sender.sent)
    assert [word.state for word in sender.sent] == [END]
    assert wait_for(lambda: sender.idled)
    channel.close()


class Choosy(Sender):
    """A sender that fails with one alert's words, whatever else it takes."""

    name = 'choosy'

    def __init__(self, failure):
        self.failure, self.sent, self.tries = failure, [], 0

    def send(self, word, late_s):
        if word.alert_id == 'a1':
            self.tries += 1
            raise self.failure
        self.sent.append(word)


@pytest.mark.parametrize('failure', [
    Refused('404'), Undelivered('answers 500', answered=True), RuntimeError('odd'),
    KeyError('library'), RecursionError()])
def test_one_bad_alert_holds_up_no_other_and_is_given_up(failure):
    sender = Choosy(failure)
    channel = fast(sender)
    bad = [said(START), said(END, sequence=2)]
    good = [said(state, number, state) for number in range(2, 6) for state in (START, END)]
    for word in bad + good:
        channel.offer(word)
    assert wait_for(lambda: channel.state().delivered == 8) and sender.sent == good
    for number in range(10, 16):          # others get through: it is this one that is not wanted
        channel.offer(said(START, number))
        assert wait_for(lambda: sender.sent[-1].alert_id == f'a{number}')
        if channel.state().lost == 2:
            break
        time.sleep(0.2)
    state = channel.state()
    assert state.lost == 2 and sender.tries <= 40
    assert 'of a1: ' in state.lost_why
    assert channel.close()


def test_a_service_that_is_ill_for_everybody_loses_nothing():
    class Ill(Collecting):

        def send(self, word, late_s):
            if not self.failures:
                raise Undelivered('answers 503', answered=True)
            self.sent.append(word)

    sender = Ill()
    channel = fast(sender)
    words = [said(state, number, state) for number in range(4) for state in (START, END)]
    for word in words:
        channel.offer(word)
    time.sleep(1.0)
    assert channel.state().lost == 0 and channel.state().waiting == 8
    sender.failures = ['well']
    assert wait_for(lambda: channel.state().delivered == 8)
    for number in range(4):       # the order within each alert
        assert [word.state for word in sender.sent if word.alert_id == f'a{number}'] == [
            START, END]
    channel.close()


def test_what_waits_for_too_long_is_given_up_and_said():
    channel = fast(Collecting([Undelivered('away')] * 10_000), oldest_s=0.4)
    channel.offer(said(START))
    assert wait_for(lambda: channel.state().lost == 1 and not channel.state().waiting)
    assert 'start of a1: older than' in channel.state().lost_why
    channel.close(0.1)


def test_a_sender_that_hangs_is_told(monkeypatch):
    monkeypatch.setattr('baby_cry_detector.care.alerts.channel.HANGING_S', 0.1)
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender)
    channel.offer(said(START))
    assert wait_for(lambda: 'hangs for' in channel.state().message)
    assert not channel.state().well
    sender.hold.set()
    assert wait_for(lambda: channel.state().well)
    channel.close()


# --- webhook -------------------------------------------------------------------------------------
def test_a_webhook_gets_json_and_the_token():
    receiver = HttpReceiver()
    channel = fast(Webhook(receiver.url, 'top-secret-token'))
    channel.offer(said(START))
    channel.offer(said(END, sequence=2))
    assert wait_for(lambda: len(receiver.documents) == 2)
    first = receiver.documents[0]
    assert (first['state'], first['priority'], first['need'], first['crib']) == (
        'start', 'medium', 'UNKNOWN', 'crib')
    assert first['time'].startswith('2026-09-21T') and first['late_s'] < 40
    assert receiver.headers[0]['Authorization'] == 'Bearer top-secret-token'
    channel.close()
    receiver.close()


@pytest.mark.parametrize('status, lost', [(500, 0), (503, 0), (429, 0), (404, 1), (302, 1)])
def test_a_webhook_that_errs_is_retried_or_given_up(status, lost):
    receiver = HttpReceiver(status=status)
    channel = fast(Webhook(receiver.url))
    channel.offer(said(START))
    assert wait_for(lambda: str(status) in channel.state().message)
    if lost:
        assert wait_for(lambda: channel.state().lost == 1)
    receiver.status = 204
    channel.offer(said(END, sequence=2))
    assert wait_for(lambda: len(receiver.documents) == 2 - lost)
    assert channel.state().lost == lost
    channel.close()
    receiver.close()


def test_a_webhook_that_is_away_and_returns_gets_everything():
    port = free_port()
    channel = fast(Webhook(f'http://127.0.0.1:{port}/hook', timeout_s=1.0))
    for number in range(20):
        channel.offer(said(START, number))
        channel.offer(said(END, number, 2))
    assert wait_for(lambda: 'does not answer' in channel.state().message)
    receiver = HttpReceiver(port)
    assert wait_for(lambda: len(receiver.documents) == 40)
    assert [d['alert_id'] for d in receiver.documents[::2]] == [f'a{n}' for n in range(20)]
    channel.close()
    receiver.close()


def test_a_webhook_that_takes_and_never_answers_holds_up_its_own_channel_alone():
    with socket.socket() as deaf:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen(5)
        channel = fast(Webhook(f'http://127.0.0.1:{deaf.getsockname()[1]}/', timeout_s=0.3))
        channel.offer(said(START))
        assert wait_for(lambda: 'does not answer' in channel.state().message)
        channel.close(0.1)


def drip(connection, parts):
    """Send bytes one by one until the other side has had enough."""
    try:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.02)
    except OSError:
        pass


def endless(first, again):
    """Yield something, then something else for ever (a minute)."""
    yield first
    for _ in range(3000):
        yield again


@pytest.mark.parametrize('scheme, parts', [
    ('http', lambda: endless(b'HTTP/1.1 200 OK\r\nX: ', b'a')),
    ('http', lambda: endless(b'', b'H')),
    ('http', lambda: endless(b'', b'HTTP/1.1 100 Continue\r\n\r\n')),
    ('http', lambda: endless(b'HTTP/1.1 200 OK\r\n', b'X: y\r\n')),
    ('http', lambda: endless(b'', b'HTTP/1.1 103 Early Hints\r\n\r\n')),
    ('https', lambda: endless(b'\x16\x03\x03\x40\x00', b'\x02')), ('https', lambda: iter(()))],
    ids=('header', 'status', 'continue', 'headers', 'hints', 'handshake', 'deaf'))
def test_a_webhook_has_a_deadline_for_the_whole_request(scheme, parts):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        hold = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                hold.append(connection)
                threading.Thread(target=drip, args=(connection, parts()), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        webhook = Webhook(f'{scheme}://127.0.0.1:{server.getsockname()[1]}/', timeout_s=0.5)
        begin_s = time.monotonic()
        with pytest.raises(Undelivered, match='answer') as failed:
            webhook.send(said(START), 0.0)
        assert time.monotonic() - begin_s < 30.0 and failed.value.answered    # not for ever
        for connection in hold:
            connection.close()


def test_a_webhook_that_drips_its_body_has_answered():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        threading.Thread(daemon=True, target=lambda: drip(server.accept()[0], endless(
            b'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n', b'x'))).start()
        begin_s = time.monotonic()
        Webhook(f'http://127.0.0.1:{server.getsockname()[1]}/', timeout_s=60.0).send(
            said(START), 0.0)
        assert time.monotonic() - begin_s < 30.0    # it did not wait for the body's end


@pytest.mark.parametrize('url', ['ftp://host/x', 'host/x', 'http://', 'http://host/a b',
                                 'http://user:geheim@host/', 'http://host:99999/',
                                 'http://%65vil.example/', 'http://a\\b/', 'http://a;b/',
                                 'http://hooks.example%00.evil/', 'http://a,b/', 'http://宝宝/',
                                 'http://h:80:90/', 'http://[::1%25eth0]/'])
def test_addresses_that_cannot_be_used_are_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match='webhook_url') as refused:
        Webhook(url)
    assert 'geheim' not in str(refused.value)


# --- MQTT ----------------------------------------------------------------------------------------
def mqtt(port, **kwargs):
    """Return the sender."""
    from baby_cry_detector.care.alerts.mqtt import Mqtt
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
    watcher.client.publish('baby_cry/crib/snooze/set', '-5', qos=1)
    assert wait_for(lambda: len(commands) == 2)
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


# --- Apprise, sounder, settings ------------------------------------------------------------------
def test_apprise_tells_every_address(tmp_path, monkeypatch):
    pytest.importorskip('apprise', reason='the extra "alerts" is not installed')
    receivers = [HttpReceiver(), HttpReceiver()]
    monkeypatch.setenv('BABY_CRY_PUSH', '\n'.join(
        f'json://127.0.0.1:{receiver.port}/geheim' for receiver in receivers))
    senders = make({'apprise_urls': 'env:BABY_CRY_PUSH'})
    assert [sender.name for sender in senders] == ['apprise_1', 'apprise_2']
    channels = [fast(sender) for sender in senders]
    for channel in channels:
        channel.offer(said(START))
    for receiver in receivers:
        assert wait_for(lambda: receiver.documents)
        assert 'Crying for 2 min' in receiver.documents[0]['message']
    for one in channels + receivers:
        one.close()
    monkeypatch.setenv('BABY_CRY_PUSH', 'nonsense-geheim')
    with pytest.raises(ValueError, match='address 1 of 1') as refused:
        make({'apprise_urls': 'env:BABY_CRY_PUSH'})
    assert 'geheim' not in str(refused.value)


def test_tones_differ_by_priority_and_are_as_loud_as_asked():
    tones = {priority: tone(priority, -6.0) for priority in (1, 2, 3)}
    assert len({len(pcm) for pcm in tones.values()}) == 3
    for pcm in tones.values():
        assert np.abs(pcm).max() == pytest.approx(32767 * 10 ** (-6 / 20), abs=2)
        assert abs(int(pcm[0])) < 50 and abs(int(pcm[-1])) < 50
    spectrum = np.abs(np.fft.rfft(tones[3][:round(0.18 * RATE)]))
    assert np.argmax(spectrum) / 0.18 == pytest.approx(880, abs=6)
    assert np.abs(tone(3, 20.0)).max() == 32767


def make(values, **kwargs):
    """Return the senders of some parameters."""
    return make_senders(ChannelSettings.of(values), Secrets(), 'crib', 30.0, None)


def test_no_channel_is_the_default():
    assert make({}) == []


@pytest.mark.parametrize('values, says', [
    ({'webhook_token': 'env:TOKEN'}, 'webhook_url is not'),
    ({'webhook_url': 'http://h/', 'webhook_token': 'hunter2-typed-here'}, 'not the secret itself'),
    ({'webhook_url': 'env:BABY_CRY_NOT_SET'}, 'BABY_CRY_NOT_SET'),
    ({'webhook_url': 'file:/nowhere/url'}, 'a name without a folder'),
    ({'webhook_url': 'file:../url'}, 'a name without a folder'),
    ({'webhook_url': 'file:url'}, 'cannot read .*/baby_cry_detector/secrets/url'),
    ({'webhook_url': 'http://h/', 'webhook_token': 'env:HOME'}, 'expected env:BABY_CRY_'),
    ({'mqtt_host': '../..', 'mqtt_username': 'u', 'mqtt_password': 'file:p'}, 'no usable host'),
    ({'mqtt_password': 'env:X'}, 'mqtt_host is not'),
    ({'mqtt_host': 'h', 'mqtt_password': 'env:X'}, 'mqtt_username is not'),
    ({'mqtt_host': 'h', 'mqtt_base_topic': 'a/#'}, 'without # and +'),
    ({'mqtt_host': 'h', 'mqtt_ca_file': '/x'}, 'mqtt_tls is not'),
    ({'mqtt_host': 'h', 'mqtt_tls': True, 'mqtt_ca_file': '/nowhere'}, 'mqtt_ca_file'),
    ({'mqtt_port': 70000}, 'mqtt_port'), ({'webhook_timeout_s': 0.0}, 'webhook_timeout_s')])
def test_mistakes_name_the_parameter_and_no_secret(values, says):
    if 'mqtt_host' in values:
        pytest.importorskip('paho.mqtt.client', reason='paho-mqtt is not installed')
    with pytest.raises((ValueError, ParameterError), match=says) as refused:
        make(values)
    assert 'hunter2' not in str(refused.value)


def test_secrets_come_from_one_folder_that_others_cannot_read(tmp_path):
    path = tmp_path / 'hooks.example' / 'token'
    path.parent.mkdir()
    path.write_text('geheim-1234\n')
    path.chmod(0o644)
    secrets = Secrets(tmp_path)
    with pytest.raises(ValueError, match='chmod 600'):
        secrets.read('file:token', 'webhook_token', 'hooks.example')
    path.chmod(0o600)
    assert secrets.read('file:token', 'webhook_token', 'Hooks.Example') == 'geheim-1234'
    assert secrets.redact('at geheim-1234\x1b[2J!') == 'at ***\\x1b[2J!'
    path.write_text('')
    with pytest.raises(ValueError, match='is empty'):
        secrets.read('file:token', 'webhook_token', 'hooks.example')


@pytest.mark.parametrize('where, host', [
    ('file:token', 'evil.example'), ('file:token', '..'), ('file:token', '.'),
    ('file:link', 'hooks.example'), ('file:private-key', 'linked.example'), ('file:folder', 'hooks.example'),  # noqa: E501
    ('file:pipe', 'hooks.example'), ('file:long', 'hooks.example'),
    ('file:../hooks.example/token', 'hooks.example'), ('file:/etc/hostname', ''),
    ('file:.', 'hooks.example'), ('file:', 'hooks.example'), ('file:a\0b', 'hooks.example')])
def test_a_secret_leaves_neither_its_folder_nor_its_host(tmp_path, where, host):
    folder = tmp_path / 'secrets' / 'hooks.example'
    (folder / 'folder').mkdir(parents=True)
    outside = tmp_path / 'private-key'
    for path, text in ((folder / 'token', 'geheim-1234'), (outside, 'geheim-5678'),
                       (folder / 'long', 'geheim-9' * 20_000)):
        path.write_text(text)
        path.chmod(0o600)
    (folder / 'link').symlink_to(outside)
    (tmp_path / 'secrets' / 'linked.example').symlink_to(tmp_path)
    os.mkfifo(folder / 'pipe', 0o600)
    with pytest.raises(ValueError, match='webhook_token') as refused:
        Secrets(tmp_path / 'secrets').read(where, 'webhook_token', host)
    assert 'geheim' not in str(refused.value)


def test_a_secret_of_the_environment_is_bound_to_its_host(monkeypatch):
    monkeypatch.setenv('BABY_CRY_TOKEN', 'geheim-1234')
    with pytest.raises(ValueError, match='set BABY_CRY_TOKEN_HOST'):
        Secrets().read('env:BABY_CRY_TOKEN', 'webhook_token', 'evil.example')
    monkeypatch.setenv('BABY_CRY_TOKEN_HOST', 'hooks.example')
    with pytest.raises(ValueError, match='not for evil.example'):
        Secrets().read('env:BABY_CRY_TOKEN', 'webhook_token', 'evil.example')
    assert Secrets().read('env:BABY_CRY_TOKEN', 'webhook_token',
                          'hooks.example') == 'geheim-1234'


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
