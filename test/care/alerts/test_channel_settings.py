# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of channels: mistakes named, secrets stay in their folder; Apprise, tones."""

import os

from alert_channels import fast, said
from alert_receivers import HttpReceiver, wait_for
from baby_cry_detector.care.alerts.channels.channel_secrets import Secrets
from baby_cry_detector.care.alerts.channels.sounder import RATE, tone
from baby_cry_detector.care.alerts.channels.tls import tls_context
from baby_cry_detector.care.alerts.settings import ChannelSettings, make_senders
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.needs import START
import numpy as np
import pytest

NS = 1_000_000_000


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


@pytest.mark.parametrize('kind, says', [
    ('missing', 'No such file'), ('folder', 'no file'), ('pipe', 'no file'),
    ('empty', 'no certificate'), ('key', 'no certificate'), ('damaged', 'damaged')])
def test_what_is_no_authority_is_named_with_its_file_in_a_sentence(tmp_path, kind, says):
    file, name = tmp_path / kind, {'key': 'PRIVATE KEY', 'damaged': 'CERTIFICATE'}.get(kind)
    if kind == 'folder':
        file.mkdir()
    elif kind == 'pipe':
        os.mkfifo(file)
    elif kind != 'missing':
        file.write_text(f'-----BEGIN {name}-----\nAAAA\n-----END {name}-----\n' if name else '')
    with pytest.raises(ValueError, match=says) as refused:
        tls_context(str(file), 'webhook_ca_file')
    assert f'webhook_ca_file: {file}: ' in str(refused.value) and '_ssl' not in str(refused.value)


@pytest.mark.parametrize('values, says', [
    ({'webhook_token': 'env:TOKEN'}, 'webhook_url is not'),
    ({'webhook_ca_file': '/x'}, 'webhook_url is not'),
    ({'webhook_url': 'http://h/', 'webhook_ca_file': '/x'}, 'is not https'),
    ({'webhook_url': 'https://h/', 'webhook_ca_file': '/nowhere'}, 'webhook_ca_file'),
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
    ('file:link', 'hooks.example'), ('file:private-key', 'linked.example'), ('file:folder', 'hooks.example'),  # noqa: E501  # a row a case
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
