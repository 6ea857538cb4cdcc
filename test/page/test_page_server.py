# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page's server alone: what a crowd of connections can not do, and a path before it."""

import concurrent.futures
import contextlib
import http.client
import json
import re
import resource
import socket
import time
from urllib.parse import urljoin

from alert_receivers import wait_for
import pytest

pytest.importorskip('aiohttp', reason='needs python3-aiohttp')

from baby_cry_detector.page import gate  # noqa: E402, I100  # after importorskip
from baby_cry_detector.page.access import Access, new_token  # noqa: E402  # after importorskip
from baby_cry_detector.page.files import FILES, WARD  # noqa: E402  # after importorskip
from baby_cry_detector.page.phones import Phones  # noqa: E402  # after importorskip
from baby_cry_detector.page.server import PageServer  # noqa: E402  # after importorskip


class Backend:
    """Does what is asked at once, and counts."""

    def __init__(self):
        self.counts, self.asked = {}, []

    def act(self, action, fields):
        self.asked.append((action, fields))
        future = concurrent.futures.Future()
        future.set_result((True, 'done'))
        return future

    def history(self):
        return {'available': True, 'why': '', 'episodes': [], 'events': []}

    def count(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1


@pytest.fixture
def serve():
    """Return what starts a server on a free port."""
    servers = []

    def start(token='', **kwargs):
        backend = Backend()
        server = PageServer(Access(True, [], token, always=bool(token)), backend,
                            phones=Phones(token), **kwargs)
        server.start('127.0.0.1', 0)
        server.publish({'state': 'quiet'})
        servers.append(server)
        server.backend = backend
        return server

    yield start
    for server in servers:
        server.stop()


def ask(server, path='/api/state', method='GET', body=None, timeout_s=5.0, **headers):
    """Return (status, headers, body)."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=timeout_s)
    with contextlib.closing(connection):
        connection.request(method, path, body and json.dumps(body), {
            'Origin': f'http://127.0.0.1:{server.port}', 'Content-Type': 'application/json',
            **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def connect(server, text=b''):
    """Return a connection that has sent a part of something."""
    one = socket.create_connection(('127.0.0.1', server.port), timeout=5)
    one.settimeout(5)
    with contextlib.suppress(OSError):
        one.sendall(text)
    return one


@pytest.mark.parametrize('text', [b'', b'GET / HTTP/1.1\r\nHost: ', b'POST /api/care HTTP/1.1\r\n'])  # noqa: E501  # a row a case
def test_1100_unfinished_requests_keep_nobody_out(serve, text):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    server, crowd = serve(), []
    try:
        for _ in range(1100):
            crowd.append(connect(server, text))
        begin_s = time.monotonic()
        assert ask(server)[0] == 200 and time.monotonic() - begin_s < 20.0
        assert server.backend.counts['crowded_out'] >= 800
        assert len(server._gate) <= gate.MOST_CONNECTIONS
    finally:
        for one in crowd:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize('text', [
    b'POST /api/stop HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}',
    b'POST /api/stop HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    b'GET / HTTP/1.1\r\nCookie: ' + b'a' * 100_000 + b'\r\n\r\n', b'GET /\0 HTTP/1.1\r\n\r\n'])
def test_what_is_no_request_is_counted_and_fills_no_log(serve, text, caplog, capfd):
    """Each was a traceback of ten lines, with what was sent in it."""
    server = serve()
    with contextlib.closing(connect(server, text)) as one, contextlib.suppress(OSError):
        while one.recv(65536):
            pass
    assert ask(server)[0] == 200
    assert server.backend.counts['bad_request'] >= 1
    assert not caplog.records and not capfd.readouterr().err


def test_an_address_of_another_host_is_refused_whatever_host_says(serve):
    server = serve()
    host = f'127.0.0.1:{server.port}'
    assert ask(server, 'http://evil.example/api/state', Host=host)[0] == 400


def drip(one, seconds):
    """Send headers for ever; return how long that went on."""
    begin_s = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - begin_s < seconds:
            one.sendall(b'X: y\r\n')
            time.sleep(0.05)
    return time.monotonic() - begin_s


def test_headers_and_silence_have_their_time(serve, monkeypatch):
    monkeypatch.setattr(gate, 'HEAD_S', 0.4)
    monkeypatch.setattr(gate, 'IDLE_S', 0.4)
    server = serve()
    assert drip(connect(server, b'GET /api/state HTTP/1.1\r\nHost: 127.0.0.1\r\n'), 5) < 3
    head = f'GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n'.encode()
    idle = connect(server, head)
    assert b'200 OK' in idle.recv(4096)
    again = connect(server, head + head)              # served twice, and then it is idle
    begin_s = time.monotonic()
    for one in (idle, again):
        with contextlib.suppress(ConnectionError):
            while one.recv(4096):
                pass
    assert time.monotonic() - begin_s < 3
    assert server.backend.counts['unfinished_request'] == 3


def test_a_body_that_does_not_come_and_an_answer_that_is_not_taken_have_theirs(serve, monkeypatch):
    monkeypatch.setattr('baby_cry_detector.page.server.TAKING_S', 0.5)
    server = serve()
    one = connect(server, 'POST /api/care HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 400\r\n'
                          'Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n\r\n'
                          .encode())
    with contextlib.suppress(ConnectionError):
        assert one.recv(4096) == b''
    assert server.backend.counts['slow_answer'] == 1 and not server.backend.asked


def test_what_is_sent_without_waiting_for_answers_does_not_pile_up(serve, monkeypatch):
    monkeypatch.setattr(gate, 'IDLE_S', 2.0)
    server = serve()
    head = f'GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n'.encode()
    few = connect(server, head * 20)
    text = b''
    while text.count(b'200 OK') < 20:
        text += few.recv(65536)
    many, sent = connect(server), 0
    with contextlib.suppress(OSError):
        while sent < 200_000_000:
            sent += many.send(head * 2000)
    assert sent < 50_000_000
    assert wait_for(lambda: sum(server.backend.counts.get(why, 0) for why in (
        'too_much_at_once', 'slow_answer')) == 1)
    assert ask(server)[0] == 200


def test_where_all_are_in_use_the_new_one_is_told_so(serve, monkeypatch):
    monkeypatch.setattr(gate, 'MOST_BY_LOOPBACK', 4)
    server = serve()
    head = f'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n'.encode()
    streams = [connect(server, head) for _ in range(4)]
    for one in streams:
        assert b'text/event-stream' in one.recv(4096)
    assert b'503 Service Unavailable' in connect(server, head).recv(4096)
    assert server.backend.counts['too_many_connections'] == 1
    streams.pop().close()
    assert wait_for(lambda: len(server._gate) <= 3)
    assert ask(server)[0] == 200


@pytest.mark.parametrize('address, name', [
    ('127.0.0.1', 'loopback'), ('::1', 'loopback'), ('::ffff:127.0.0.1', 'loopback'),
    ('192.168.1.7', '192.168.1.7'), ('::ffff:192.168.1.7', '192.168.1.7'),
    ('2001:db8::1', '2001:db8::/64'), ('2001:db8::ffff:1', '2001:db8::/64'),
    ('fe80::1%eth0', 'fe80::/64'), ('', ''), (None, ''), ('nonsense', '')])
def test_addresses_of_one_house_count_as_one(address, name):
    assert gate.origin(address) == name


def show(server, name, base=''):
    """Return the cookie of a phone that shows the token."""
    status, headers, _ = ask(server, f'{base}/api/session', 'POST',
                             {'token': server._access._token, 'name': name})
    assert status == 200 and 'Path=' not in headers['Set-Cookie']
    return headers['Set-Cookie'].partition(';')[0]


def test_a_phone_is_listed_and_shut_out_alone_with_all_it_looks_at(serve):
    kept = []
    server = serve(new_token(), keep_phones=kept.append)
    mum, dad = show(server, 'mum'), show(server, 'dad')
    assert ask(server, '/api/phones')[0] == 401
    phones = json.loads(ask(server, '/api/phones', Cookie=mum)[2])
    assert {(one['name'], one['own']) for one in phones} == {
        ('mum (browser)', True), ('dad (browser)', False)}
    stream = connect(server, f'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n'
                             f'Cookie: {dad}\r\n\r\n'.encode())
    assert b'text/event-stream' in stream.recv(4096)
    other = next(one['id'] for one in phones if not one['own'])
    for identity, done in ((other, True), (other, False)):
        answer = ask(server, '/api/forget_phone', 'POST', {'id': identity}, Cookie=mum)
        assert answer[0] == 200 and json.loads(answer[2])['ok'] is done
    with contextlib.suppress(ConnectionError):
        while stream.recv(4096):
            pass
    assert ask(server, Cookie=dad)[0] == 401 and ask(server, Cookie=mum)[0] == 200
    assert len(kept[-1]['phones']) == 1


def test_one_phone_has_so_many_streams_and_the_oldest_goes(serve):
    server = serve(new_token())
    cookie = show(server, 'mum')
    head = (f'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {cookie}'
            '\r\n\r\n').encode()
    streams = []
    for _ in range(10):
        streams.append(connect(server, head))
        assert b'text/event-stream' in streams[-1].recv(4096)
    with contextlib.suppress(ConnectionError):
        while streams[0].recv(4096):
            pass
    assert server.streams <= 8


@pytest.mark.parametrize('base', ['', '/baby', '/house/crib-2'])
def test_everything_the_page_asks_for_is_below_where_it_is(serve, base):
    server = serve(base_path=base)
    page = f'http://robot.example{base}/'
    text = ask(server, f'{base}/')[2].decode()
    script = ''.join(ask(server, f'{base}/{name}.js')[2].decode()
                     for name in ('page', 'link', 'phones'))
    wanted = re.findall(r'(?:href|src)="([^"#]+)"', text)
    wanted += re.findall(r"from '([^']+)'", script) + re.findall(r"register\('([^']+)'", script)
    wanted += re.findall(r"(?:fetch|EventSource)\('([^']+)'", script)
    icons = json.loads(ask(server, f'{base}/manifest.webmanifest')[2])
    wanted += [icons['start_url'], icons['scope'], *(icon['src'] for icon in icons['icons'])]
    assert len(wanted) > 14 and 'id' not in icons
    for one in wanted:
        address = urljoin(page, one)
        assert address.startswith(page), one
        if not one.endswith('events'):
            assert ask(server, address.removeprefix('http://robot.example'))[0] == 200, one
    assert not re.search(r"""['"`]/(?!/)""", re.sub(r'//.*', '', script))
    worker = ask(server, f'{base}/sw.js')[2].decode()
    assert "'/" not in worker and all(f"'{name.lstrip('/')}'" in worker for name in (
        '/link.js', '/page.css', '/page.js', '/phones.js', '/timeline.js', '/words.js'))


def test_a_path_without_its_slash_leads_to_the_page_and_other_paths_nowhere(serve):
    server = serve(base_path='/house/baby')
    status, headers, _ = ask(server, '/house/baby')
    assert status == 308 and headers['Location'] == 'baby/'
    assert urljoin('http://robot.example/house/baby', headers['Location']).endswith('/house/baby/')
    for path in ('/baby/', '/house/', '/house/babyx/', '/house/baby//', '/house/baby/../page.js'):
        assert ask(server, path)[0] == 404, path
    assert ask(server, '/page.css')[0] == 200           # a proxy that cuts the path off
    assert set(FILES) >= {'/', '/phones.js'}


def test_a_path_changes_nothing_about_who_may(serve):
    server = serve(new_token(), base_path='/baby')
    for base in ('', '/baby'):
        assert ask(server, f'{base}/')[0] == 200
        for name in ('state', 'events', 'history', 'phones'):
            assert ask(server, f'{base}/api/{name}')[0] == 401
        assert ask(server, f'{base}/api/stop_rocking', 'POST', {'who': ''})[0] == 401
        assert ask(server, f'{base}/api/stop_rocking', 'POST', {'who': ''},
                   Origin='http://evil.example')[0] == 403
    cookie = show(server, 'mum', '/baby')
    assert ask(server, '/baby/api/stop_rocking', 'POST', {'who': ''}, Cookie=cookie)[0] == 200
    assert server.backend.asked == [('stop_rocking', {'who': ''})]


def test_who_has_the_token_for_looking_can_not_act(serve):
    token, looking = new_token(), new_token()
    backend, phones = Backend(), Phones(token + looking)
    server = serve(token)
    server.stop()
    server = PageServer(Access(True, [], token, True, looking), backend, phones=phones, site=WARD)
    server.start('127.0.0.1', 0)
    try:
        server.publish({'cribs': []})
        cookies = {}
        for each in (token, looking):
            status, headers, _ = ask(server, '/api/session', 'POST', {'token': each, 'name': ''})
            assert status == 200
            cookies[each] = headers['Set-Cookie'].partition(';')[0]
        going = {'who': 'Anna', 'crib': '/a', 'alert_id': ''}
        for each, role, done in ((token, 'act', 200), (looking, 'see', 403)):
            cookie = cookies[each]
            assert json.loads(ask(server, '/api/role', Cookie=cookie)[2]) == {'role': role}
            assert ask(server, Cookie=cookie)[0] == 200
            assert ask(server, '/api/acknowledge', 'POST', going, Cookie=cookie)[0] == done
            assert ask(server, '/api/phones', Cookie=cookie)[0] == done
            assert ask(server, '/api/forget_phone', 'POST', {'id': 'x'},
                       Cookie=cookie)[0] == done
        assert backend.asked == [('acknowledge', going)]
        assert ask(server, '/api/role')[0] == 401
        for absent in ('/page.js', '/sw.js', '/api/history'):
            assert ask(server, absent, Cookie=cookies[token])[0] == 404
        assert ask(server, '/api/stop_rocking', 'POST', {'who': ''},
                   Cookie=cookies[token])[0] in (404, 405)
        # Kept over a restart, with what each may do; not with another token.
        again, other = Phones(token + looking), Phones(token + new_token())
        for one in (again, other):
            one.resume(phones.to_document())
        assert sorted(each['role'] for each in again.listed(time.time())) == ['act', 'see']
        assert other.listed(time.time()) == []
    finally:
        server.stop()
