# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Webhooks to real receivers: retried or given up, one deadline for it all, no secrets."""

from dataclasses import replace
import socket
import threading
import time

from alert_channels import fast, said
from alert_receivers import free_port, HttpReceiver, wait_for
from baby_cry_detector.care.alerts.channels.channel import Refused, Undelivered
from baby_cry_detector.care.alerts.channels.webhook import Webhook
from baby_cry_detector.needs import END, START
import pytest

NS = 1_000_000_000


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


@pytest.mark.parametrize('answer, said_of_it', [
    (b'SSH-2.0-OpenSSH\r\n\r\n', 'SSH-2.0-OpenSSH'),
    (b'\x1b]0;owned\x07\x1b[2J\r\n\r\n', 'does not answer'),
    (b'HTTP/1.1 200 OK\r\nX: ' + b'a' * 200_000 + b'\r\n\r\n', 'header line'),
    (b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 5000 + b'\r\n', 'headers'),
    (b'HTTP/1.1 2xx x\r\n\r\n', 'does not answer'), (b'HTTP/1.1 099 x\r\n\r\n', 'answer'),
    (b'HTTP/1.1 101 Switching Protocols\r\n\r\n', '101')],
    ids=('no http', 'escapes', 'long line', 'many headers', 'status text', 'status 99', 'switch'))
def test_what_is_no_answer_is_said_in_one_harmless_line(answer, said_of_it):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        threading.Thread(daemon=True, target=lambda: drip(server.accept()[0], [answer])).start()
        with pytest.raises(Undelivered, match=said_of_it) as failed:
            Webhook(f'http://127.0.0.1:{server.getsockname()[1]}/', timeout_s=60.0).send(
                said(START), 0.0)
    assert str(failed.value).isprintable() and len(str(failed.value)) < 300


@pytest.mark.parametrize('status', [301, 307, 308])
def test_a_webhook_that_sends_elsewhere_is_refused_and_the_token_goes_nowhere(status):
    elsewhere = HttpReceiver()
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        answer = (f'HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}\r\n'
                  'Content-Length: 0\r\n\r\n').encode()
        threading.Thread(daemon=True, target=lambda: drip(server.accept()[0], [answer])).start()
        with pytest.raises(Refused, match=str(status)):
            Webhook(f'http://127.0.0.1:{server.getsockname()[1]}/', 'geheim', 60.0).send(
                said(START), 0.0)
    assert not elsewhere.headers
    elsewhere.close()


@pytest.mark.parametrize('bad', [
    {'text': 'a\ud800b'}, {'crib_id': '\udcff'}, {'intensity': float('nan')},
    {'stamp_ns': 2**80}, {'stamp_ns': -2**80}, {'duration_ns': 10**30}, {'alert_id': 'x' * 10**6}],
    ids=lambda bad: ' '.join(map(str, bad)))
def test_an_alert_of_nonsense_is_told_and_holds_nothing_up(bad):
    receiver = HttpReceiver()
    channel = fast(Webhook(receiver.url, timeout_s=60.0))
    channel.offer(replace(said(START), **bad))
    channel.offer(said(START, 7))
    assert wait_for(lambda: len(receiver.documents) == 2)
    assert receiver.documents[1]['alert_id'] == 'a7' and channel.state().lost == 0
    channel.close()
    receiver.close()


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
