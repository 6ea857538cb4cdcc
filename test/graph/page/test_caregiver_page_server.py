# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page's server beside the real graph, with plain HTTP clients."""

import fcntl
import json
import os
from pathlib import Path
import pty
import signal
import socket
import subprocess
import sys
import termios
import time

from baby_cry_detector.msg import CryNeed
from baby_cry_detector.page.inputs import ACTIONS, SESSION
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from graph_harness import NS
from page_harness import Listener, ServedPage, wait_until
import pytest
from rclpy.duration import Duration
from std_msgs.msg import Empty


@pytest.fixture
def serve(start_graph):
    """Return a function that serves pages; they are closed after the test."""
    pages = []

    def start(graph=None, **overrides):
        pages.append(ServedPage(graph or start_graph(), **overrides))
        return pages[-1]

    yield start
    for page in pages:
        page.close()


def show_token(page):
    """Return the Cookie header of a phone that has shown the token."""
    status, headers, _ = page.request(
        '/api/session', 'POST', json.dumps({'token': page.node._serving.token}),
        Content_Type='application/json', Origin=f'http://127.0.0.1:{page.port}')
    assert status == 200
    return headers['Set-Cookie'].partition(';')[0]


def test_the_page_comes_with_what_keeps_it_safe(serve):
    page = serve()
    for path in ('/', '/page.js', '/page.css', '/manifest.webmanifest', '/icon-192.png'):
        status, headers, body = page.request(path)
        assert status == 200 and body
        assert "default-src 'none'" in headers['Content-Security-Policy']
        assert 'unsafe' not in headers['Content-Security-Policy']
        assert headers['X-Content-Type-Options'] == 'nosniff'
    assert page.request('/api/state')[1]['Cache-Control'] == 'no-store'
    for path in ('/../etc/passwd', '/%2e%2e/setup.py', '/assets/page.js', '/api/', '/page.py'):
        assert page.request(path)[0] == 404
    assert page.request('/api/snooze')[0] == 405
    assert page.request('/', 'DELETE')[0] == 405


def test_other_names_and_other_sites_are_refused(serve):
    page = serve()
    assert page.request('/', Host='evil.example')[0] == 421
    assert page.request('/', Host=f'127.0.0.1.evil.example:{page.port}')[0] == 421
    assert page.request('/', Host=f'localhost:{page.port}')[0] == 200
    stop = {'who': ''}
    assert page.post('stop_rocking', stop, Origin='http://evil.example')[0] == 403
    assert page.post('stop_rocking', stop, Origin='null')[0] == 403
    assert page.post('stop_rocking', stop, Content_Type='text/plain')[0] == 415
    assert page.request('/api/stop_rocking', 'POST', '{}',
                        Content_Type='application/json')[0] == 403
    assert page.node.counts['refused_origin'] == 3
    assert page.node.counts['refused_host'] == 2


@pytest.mark.parametrize('body', [
    b'', b'[]', b'{"minutes": NaN}', b'{"minutes": 1e999}', b'{"minutes": "<script>"}', b'\xff',
    b'{"minutes": 5, "more": 1}', b'{"minutes": 5, "who": "\\ud800"}', b'[' * 4000,
    b'{"minutes": 5, "who": "' + b'x' * 100_000 + b'"}'])
def test_hostile_requests_are_refused_in_a_sentence(serve, body):
    page = serve()
    status, answer = page.post('snooze', body)
    assert status == 400 and answer['message'] and not answer['ok']


TEXTS = (1, 1.5, True, [], {}, ['x'], 'x' * 3000, 'two\nlines', 'a\u0000b', '\x1b[31m', 'a\u202eb',
         '\ud800')
NUMBERS = ('5', '', True, [], {}, -1, -1e-9, 1e9, 10 ** 400, float('inf'), float('nan'))


def test_nothing_wrong_is_taken_in_any_field_and_the_page_goes_on(serve):
    page = serve()
    wrong = 0
    for action, fields in {**ACTIONS, 'session': SESSION}.items():
        for name, field in fields.items():
            for value in TEXTS if field.type_name == 'string' else NUMBERS:
                filled = {'snooze': {'minutes': 5}, 'care': {'kind': 'fed'},
                          'label': {'label': 'hungry'}}.get(action, {})
                status, answer = page.post(action, {**filled, name: value})
                assert status == 400 and not answer['ok'], (action, name, value)
                assert len(answer['message']) < 200 and answer['message'].isprintable()
                wrong += 1
        assert page.post(action, {'more': 1})[0] == page.post(action, [])[0] == 400
    assert wrong > 100
    assert page.request('/api/state')[0] == 200 and not page.node.counts['request_failed']


def test_what_is_not_there_is_said_plainly(serve):
    page = serve()
    assert page.post('acknowledge', {}) == (
        200, {'ok': False, 'message': 'the alerts are not running'})
    assert page.post('label', {'label': 'hungry'}) == (
        200, {'ok': False, 'message': 'the diary is not running'})
    assert page.post('stop_rocking', {}) == (
        200, {'ok': False, 'message': 'nothing here can rock'})
    assert not any(page.state()['can'].values())


def test_stop_reaches_whoever_rocks(serve, graph):
    stopped = []
    graph.probe.node.create_subscription(Empty, 'rock_stop', stopped.append, 10)
    page = serve(graph)
    wait_until(lambda: page.state()['can']['stop_rocking'])
    assert page.post('stop_rocking', {})[1]['ok']
    graph.probe.spin_until(lambda: stopped, 60.0)


def test_in_the_house_a_phone_shows_the_token_once(serve, tmp_path):
    page = serve(host='0.0.0.0', token_file=str(tmp_path / 'token'))
    assert page.request('/')[0] == 200            # the page itself holds no secret
    for path in ('state', 'events', 'history'):
        assert page.request(f'/api/{path}')[0] == 401
    assert page.post('stop_rocking', {})[0] == 401
    for wrong in ('wrong', page.node._serving.token[:-1], page.node._serving.token + 'a'):
        status, answer = page.post('session', {'token': wrong})
        assert status == 403 and 'not the token' in answer['message']
    assert page.node.counts['wrong_token'] == 3
    status, headers, _ = page.request(
        '/api/session', 'POST', json.dumps({'token': page.node._serving.token}),
        Content_Type='application/json', Origin=f'http://127.0.0.1:{page.port}')
    kept = headers['Set-Cookie']
    assert 'HttpOnly' in kept and 'SameSite=Strict' in kept and 'Path=' not in kept
    assert page.node._serving.token not in kept
    cookie = kept.partition(';')[0]
    assert page.request('/api/state', Cookie=cookie)[0] == 200
    assert page.post('stop_rocking', {}, Cookie=cookie)[0] == 200
    assert page.request('/api/state', Cookie=cookie[:-1] + 'x')[0] == 401
    listener = Listener(page.port, cookie)
    assert listener.next_state()['state']
    listener.close()


def test_what_a_proxy_forwards_needs_the_token(serve):
    page = serve()
    assert page.request('/api/state')[0] == 200
    assert page.request('/api/state', X_Forwarded_For='203.0.113.9')[0] == 401


def test_fifty_phones_follow_the_graph_and_one_that_does_not_read_is_dropped(serve, graph):
    page = serve(graph)
    says = graph.probe.node.create_publisher(CryNeed, 'cry_need', qos.LATCHED)
    listeners = [Listener(page.port) for _ in range(50)]
    stuck = Listener(page.port, receive_bytes=4096)
    stuck.next_state()
    wait_until(lambda: page.node._server.streams == 51)
    graph.probe.spin_until(says.get_subscription_count, 60.0)
    graph.nodes[-1].trigger_deactivate()          # only the probe speaks now

    def say(episode):
        message = CryNeed(status=CryNeed.STATUS_OK, crying=bool(episode % 2), intensity=0.5,
                          cry_probability=0.9, episode_id=f'crib-{episode}', episode=episode)
        message.header.stamp = message.onset = from_nanoseconds(time.time_ns())
        says.publish(message)

    episode = 0
    end_s = time.monotonic() + 60.0
    while not page.node.counts['slow_phone'] and time.monotonic() < end_s:
        episode += 1
        say(episode)
        for listener in listeners:
            assert listener.next_state()
    assert page.node.counts['slow_phone'] == 1
    wait_until(lambda: page.node._server.streams == 50)
    say(episode + 1)
    for listener in listeners:
        listener.wait_for(lambda state: state['episode']
                          and state['episode']['id'] == f'crib-{episode + 1}')
    assert page.request('/api/state')[0] == 200
    for listener in listeners:
        listener.close()
    wait_until(lambda: page.node._server.streams == 0)


def test_too_many_phones_are_told_so(serve):
    page = serve()
    listeners = [Listener(page.port) for _ in range(100)]
    wait_until(lambda: page.node._server.streams == 100)
    status, _, answer = page.request('/api/events')
    assert status == 503 and b'100' in answer
    listeners.pop().close()
    wait_until(lambda: page.node._server.streams == 99)
    newest = Listener(page.port)
    assert newest.next_state()
    for listener in [*listeners, newest]:
        listener.close()


def test_the_node_goes_and_comes_back_with_its_lifecycle(serve):
    page = serve()
    listener = Listener(page.port)
    listener.next_state()
    page.in_ros_thread(page.node.trigger_deactivate)
    with pytest.raises(ConnectionError):
        for _ in range(10):
            listener.next_state()
    with pytest.raises(OSError):
        page.request('/api/state')
    page.in_ros_thread(page.node.trigger_activate)
    page.port = page.node.port
    assert page.state()['state']
    page.in_ros_thread(page.node.trigger_deactivate)
    page.in_ros_thread(page.node.trigger_cleanup)
    page.in_ros_thread(page.node.trigger_configure)
    page.in_ros_thread(page.node.trigger_activate)
    page.port = page.node.port
    assert page.state()['state']


def test_a_port_that_is_taken_is_named(serve, graph):
    from baby_cry_detector.ros.nodes.caregiver_page import CaregiverPage
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        node = CaregiverPage({'port': other.getsockname()[1]}, context=graph.context)
        assert not node.autostart()
        node.close()


@pytest.mark.parametrize('host', ['robot.example', '', '192.168.1', '256.1.1.1'])
def test_a_host_that_is_no_address_is_refused(graph, host):
    from baby_cry_detector.ros.nodes.caregiver_page import CaregiverPage
    node = CaregiverPage({'host': host}, context=graph.context)
    assert not node.autostart()
    node.close()


# --- as a process --------------------------------------------------------------------------------
def start_process(tmp_path, graph, **kwargs):
    """Return the process of the node, open to the house, and where it keeps things."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(graph.domain_id),
                   'ROS_LOG_DIR': str(tmp_path / 'log'), 'XDG_STATE_HOME': str(tmp_path / 'state')}
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, '-c', 'import sys; '
         'from baby_cry_detector.ros.nodes.caregiver_page import main; sys.exit(main())',
         '--ros-args', '-p', 'host:=0.0.0.0', '-p', f'port:={port}'],
        env=environment, **kwargs)
    return process, port


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_its_logs_hold_no_token(tmp_path, graph, number):
    said = tmp_path / 'said'
    with open(said, 'w') as output:
        process, port = start_process(tmp_path, graph, start_new_session=True, stdout=output,
                                      stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: '.token' in said.read_text())
        token_file, = (tmp_path / 'state').rglob('*.token')
        token = token_file.read_text().strip()
        with socket.create_connection(('127.0.0.1', port)) as silent:
            silent.sendall(b'GET /')
            process.send_signal(number)
            assert process.wait(timeout=60) == 0, said.read_text()
    finally:
        process.kill()
    logs = ''.join(path.read_text() for path in Path(tmp_path / 'log').rglob('*.log'))
    assert str(token_file) in said.read_text()
    assert len(token) == 24 and token not in said.read_text() and token not in logs


def test_the_terminal_shows_the_link_and_the_code(tmp_path, graph):
    pytest.importorskip('qrcode')
    ours, theirs = pty.openpty()
    process, port = start_process(
        tmp_path, graph, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
    shown = b''
    try:
        end_s = time.monotonic() + 60.0
        while b'no log' not in shown and time.monotonic() < end_s:
            shown += os.read(ours, 65536)
        token = next((tmp_path / 'state').rglob('*.token')).read_text().strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        os.close(ours)
        os.close(theirs)
    text = shown.decode()
    assert f':{port}/#token={token}' in text
    assert '█▀▀▀▀▀█' in text


def test_a_burst_of_changes_waits_while_the_node_is_busy(serve, graph):
    page = serve(graph)
    says = graph.probe.node.create_publisher(CryNeed, 'cry_need', qos.NEED)
    graph.nodes[-1].trigger_deactivate()          # only the probe speaks now
    wait_until(lambda: says.get_subscription_count())
    heard, hear_need = [], page.node._state.hear_need
    page.node._state.hear_need = lambda report: (heard.append(report.episode_id),
                                                 hear_need(report))

    def burst():                                   # in the node's thread: it is busy
        for episode in range(10):
            says.publish(CryNeed(crying=True, episode=episode, episode_id=f'burst-{episode}'))
        # All ten have reached its side of the network while it could take none of them.
        assert says.wait_for_all_acked(Duration(seconds=60))
        return True

    page.in_ros_thread(burst)
    wait_until(lambda: [name for name in heard if name.startswith('burst')] == [
        f'burst-{episode}' for episode in range(10)], what=f'{heard}')


def test_the_heartbeat_is_one_second(serve):
    page = serve()
    listener = Listener(page.port)
    first = listener.next_state()
    later = listener.wait_for(lambda state: state['now_ms'] >= first['now_ms'] + 3000)
    assert later['now_ms'] * 1_000_000 < time.time_ns() + NS
    listener.close()
