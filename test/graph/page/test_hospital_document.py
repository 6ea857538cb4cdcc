# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The document for a hospital's network: its commands, files and settings, as they stand there.

Real openssl, nginx and mosquitto; only names, ports and folders are this machine's.
"""

import functools
import http.client
import json
from pathlib import Path
import re
import shutil
import ssl
import subprocess

from alert_channels import fast, said
from alert_receivers import (Broker, free_port, HttpReceiver, no_broker, no_certificates, wait_for,
                             Watcher)
from baby_cry_detector.care.alerts.channels.channel_secrets import Secrets
from baby_cry_detector.care.alerts.settings import ChannelSettings, make_senders
from baby_cry_detector.needs import START
from baby_cry_detector.ros.nodes.ward_page import WardPage
from page_harness import ServedPage
from proxies import Nginx, no_nginx
import pytest
import yaml

DOCUMENT = Path(__file__).parents[3] / 'docs' / 'use' / 'hospital.md'
WHY = (no_certificates() or no_nginx() or no_broker()
       or ('' if DOCUMENT.exists() else 'the documents are not beside the tests'))
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY or 'everything is there')
NAMED, HOST = 'ward.example.org', 'localhost'
# What a server shows: its days, its name, whether the authority is the one that robots know; and
# what a channel says of it.
WRONG = {'expired': (-1, HOST, True, 'has expired'),
         'of another name': (397, 'elsewhere.example', True, "not valid for 'localhost'"),
         'of a foreign authority': (397, HOST, False, 'self-signed|unable to get local issuer'
                                                      '|signature failure')}


def block(kind, number=0):
    """Return a block of the document."""
    return re.findall(rf'```{kind}\n(.*?)```', DOCUMENT.read_text(), re.DOTALL)[number]


def run(command, folder):
    """Run a command of the document."""
    subprocess.run(['bash', '-c', command], cwd=folder, check=True, capture_output=True)


class Authority:
    """The document's authority in a folder, and the servers it signs for."""

    def __init__(self, folder):
        """Make it."""
        self.folder = folder
        folder.mkdir()
        lines = block('bash').replace('\\\n', '').splitlines()
        make, *self._sign, self._verify = [line for line in lines if line.startswith('openssl')]
        run(make, folder)
        self.certificate = folder / 'authority.crt'

    def sign(self, name, days=397):
        """Return (certificate, key) of a server, verified as the document does."""
        text = block('ini').replace(NAMED, name)
        (self.folder / 'server.ext').write_text(text)
        for command in self._sign:
            run(command.replace(NAMED, name).replace('-days 397', f'-days {days}'), self.folder)
        if days > 0:
            run(self._verify.replace(NAMED, name), self.folder)
        made = self.folder / f'{name}{days}'
        made.mkdir()
        return tuple(shutil.copy(self.folder / f'server.{end}', made) for end in ('crt', 'key'))

    def context(self):
        """Return what a browser that knows this authority checks; as strictly as Python 3.13."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    """Return the ward's authority."""
    return Authority(tmp_path_factory.mktemp('tls') / 'ward')


@pytest.fixture(scope='module')
def stranger(tmp_path_factory):
    """Return an authority of the same name that nobody here knows."""
    return Authority(tmp_path_factory.mktemp('tls') / 'stranger')


@pytest.fixture
def shown(authority, stranger):
    """Return what gives (certificate, key) of a name in `WRONG`, or the right one."""
    made = {}

    def give(kind):
        days, name, is_known, _ = WRONG.get(kind, (397, HOST, True, ''))
        place = (days, name, is_known)
        if place not in made:
            signer = authority if is_known else stranger
            shutil.rmtree(signer.folder / f'{name}{days}', ignore_errors=True)
            made[place] = signer.sign(name, days)
        return made[place]
    return give


def test_the_page_behind_tls(graph, tmp_path, authority, stranger, shown):
    page = ServedPage(graph, functools.partial(WardPage, namespace='ward'), require_token=True,
                      host_names=HOST, token_file=str(tmp_path / 'token'))
    certificate, key = shown('right')
    port = free_port()
    site = block('text', 0).replace(NAMED, HOST).replace('listen 443', f'listen 127.0.0.1:{port}')
    site = site.replace('8096', str(page.port)).replace('/etc/nginx/ward/server.crt', certificate)
    proxy = Nginx(tmp_path, site.replace('/etc/nginx/ward/server.key', key))

    def ask(context, path, body=None, **headers):
        connection = http.client.HTTPSConnection(HOST, port, context=context, timeout=20)
        try:
            connection.request('POST' if body else 'GET', path, body, {
                'Origin': f'https://{HOST}:{port}', 'Content-Type': 'application/json', **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    try:
        knows = authority.context()
        status, headers, _ = ask(knows, '/')
        assert status == 200 and headers['Strict-Transport-Security'].startswith('max-age=')
        assert ask(knows, '/api/state')[0] == 401
        token = json.dumps({'token': page.node._serving.token, 'name': 'desk'})
        status, headers, _ = ask(knows, '/api/session', token)
        cookie = headers['Set-Cookie']
        assert status == 200 and {'secure', 'httponly', 'samesite=strict'} <= {
            part.strip().lower() for part in cookie.split(';')}
        status, _, body = ask(knows, '/api/state', Cookie=cookie.partition(';')[0])
        assert status == 200 and 'cribs' in json.loads(body)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(stranger.context(), '/')
    finally:
        proxy.close()
        page.close()


class Receivers:
    """A broker as the document configures it, and a webhook's server, both over TLS."""

    def __init__(self, folder):
        """Write the passwords and rights; nothing listens yet."""
        self.folder, self.hook_port = folder, free_port()
        (folder / 'acl').write_text(block('text', 2))
        (folder / 'passwords').touch()
        for user in ('room_1', 'station'):
            subprocess.run(['mosquitto_passwd', '-b', folder / 'passwords', user, f'{user}-pw'],
                           check=True, capture_output=True)
        for name in ('acl', 'passwords'):
            (folder / name).chmod(0o644)
        self.broker = self.hook = None

    def show(self, certificate, key):
        """Listen with a certificate, on the same ports as before."""
        self.close()
        text = block('text', 1).replace('/etc/mosquitto/certs/server.crt', certificate).replace(
            '/etc/mosquitto/certs/server.key', key).replace('/etc/mosquitto', str(self.folder))
        port = self.broker.port if self.broker else free_port()
        self.broker = Broker(self.folder, configuration=text, port=port)
        self.hook = HttpReceiver(self.hook_port, certificate=certificate, key=key)

    def channels(self, authority, on_command=None):
        """Return (webhook, MQTT) as the document's parameters of a robot make them."""
        values, = (each['ros__parameters'] for each in yaml.safe_load(block('yaml')).values())
        values.update(mqtt_host=HOST, mqtt_port=self.broker.port,
                      webhook_url=values['webhook_url'].replace(NAMED, f'{HOST}:{self.hook_port}'))
        for name in ('mqtt_ca_file', 'webhook_ca_file'):
            assert Path(values[name]).name == authority.certificate.name
            values[name] = str(authority.certificate)
        for name, secret in (('mqtt', 'room_1-pw'), ('webhook', 'hook-token')):
            file = self.folder / 'secrets' / HOST / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(secret)
            file.chmod(0o600)
        return [fast(sender) for sender in make_senders(
            ChannelSettings.of(values), Secrets(self.folder / 'secrets'), 'room_1', 30.0,
            on_command or (lambda *_: None))]

    def close(self):
        """Be gone."""
        if self.hook:
            self.hook.close()
            self.broker.stop()
        self.hook = None


@pytest.fixture
def receivers(tmp_path):
    """Return both; they are closed after the test."""
    both = Receivers(tmp_path)
    yield both
    both.close()


def test_alerts_over_tls_and_each_robot_speaks_for_its_crib_alone(receivers, authority, shown):
    receivers.show(*shown('right'))
    commands = []
    channels = receivers.channels(authority, lambda *args: commands.append(args))
    login = {'ca_file': authority.certificate, 'host': HOST}
    station = Watcher(receivers.broker.port, ('station', 'station-pw'), **login)
    robot = Watcher(receivers.broker.port, ('room_1', 'room_1-pw'), **login)
    try:
        for channel in channels:
            channel.offer(said(START))
        assert wait_for(lambda: all(channel.state().delivered == 1 for channel in channels)), [
            channel.state() for channel in channels]
        assert receivers.hook.headers[0]['Authorization'] == 'Bearer hook-token'
        assert wait_for(lambda: station.newest('baby_cry/room_1/state').get('alert') == 'ON')
        assert wait_for(lambda: any('homeassistant/' in one.topic for one in station.messages))
        # It tries to speak for another crib; what it says after that of its own comes, that not.
        robot.client.publish('baby_cry/room_2/state', '{"alert": "OFF"}', qos=1)
        robot.client.publish('homeassistant/sensor/baby_cry_room_2/x/config', '{}', qos=1)
        robot.client.publish('baby_cry/room_1/event', '{"last": 1}', qos=1)
        assert wait_for(lambda: station.newest('baby_cry/room_1/event').get('last'))
        assert not any('room_2' in one.topic for one in station.messages)
        station.client.publish('baby_cry/room_2/acknowledge/set', 'PRESS', qos=1)
        station.client.publish('baby_cry/room_1/acknowledge/set', 'PRESS', qos=1)
        assert wait_for(lambda: commands)
        assert wait_for(lambda: any('/acknowledge/' in one.topic for one in robot.messages))
        assert not any('room_2' in one.topic for one in robot.messages)
    finally:
        for one in (*channels, station, robot):
            one.close()


@pytest.mark.parametrize('kind', WRONG)
def test_a_wrong_certificate_gets_nothing_and_words_wait(receivers, authority, shown, kind):
    receivers.show(*shown(kind))
    channels = receivers.channels(authority)
    try:
        for channel in channels:
            channel.offer(said(START))
        for channel in channels:
            assert wait_for(lambda: 'is not trusted' in channel.state().message), channel.state()
            state = channel.state()
            assert re.search(WRONG[kind][3], state.message), state
            assert f'{channel.name}_ca_file' in state.message and not state.well
            assert (state.waiting, state.delivered, state.lost) == (1, 0, 0)
        receivers.show(*shown('right'))                   # it is put right: at once, and once
        assert wait_for(lambda: all(channel.state().delivered == 1 for channel in channels)), [
            channel.state() for channel in channels]
        assert len(receivers.hook.documents) == 1
    finally:
        for channel in channels:
            channel.close()
