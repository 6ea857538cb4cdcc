# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which channels there are: their parameters, and from parameters to running channels."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional
from urllib.parse import urlsplit

from baby_cry_detector.care.alerts.apprise_sender import apprise_senders
from baby_cry_detector.care.alerts.channel import Channel, Sender
from baby_cry_detector.care.alerts.channel_secrets import Secrets
from baby_cry_detector.care.alerts.mqtt import Mqtt
from baby_cry_detector.care.alerts.outbox import Outbox
from baby_cry_detector.care.alerts.sounder import Sounder
from baby_cry_detector.care.alerts.webhook import checked_url, Webhook
from baby_cry_detector.fields import setting, Settings


@dataclass(frozen=True)
class ChannelSettings(Settings):
    """Which channels are told, and how each is reached."""

    sounder: bool = setting(
        False, "Play a tone through this machine's loudspeaker.", read_only=True)
    sounder_device: str = setting(
        '', "Part of the loudspeaker's name; empty: the default one.", read_only=True)
    sounder_volume_dbfs: float = setting(
        -6.0, 'Peak of the tone of a high priority; lower ones are softer.', minimum=-60.0,
        maximum=0.0, read_only=True)
    webhook_url: str = setting(
        '', 'Address that gets a POST of JSON; or env:NAME, file:NAME if the address is a secret; '
        'empty: none.', read_only=True)
    webhook_token: str = setting('', 'Bearer token: env:NAME or file:NAME.', read_only=True)
    webhook_timeout_s: float = setting(
        5.0, 'Longest that one request may take, all in all.', minimum=0.2, maximum=60.0,
        read_only=True)
    mqtt_host: str = setting('', 'MQTT broker; empty: none.', read_only=True)
    mqtt_port: int = setting(
        1883, 'Port of the broker; 8883 is usual with TLS.', minimum=1, maximum=65535,
        read_only=True)
    mqtt_tls: bool = setting(
        False, "Encrypt, and check the broker's certificate.", read_only=True)
    mqtt_ca_file: str = setting(
        '', "Certificate authority of the broker; empty: the system's.", read_only=True)
    mqtt_username: str = setting('', 'User at the broker; empty: none.', read_only=True)
    mqtt_password: str = setting('', 'Password: env:NAME or file:NAME.', read_only=True)
    mqtt_base_topic: str = setting(
        'baby_cry', 'Topics are BASE/CRIB/state and so on.', read_only=True)
    mqtt_discovery_prefix: str = setting(
        'homeassistant', 'Where Home Assistant looks for devices; empty: no discovery.',
        read_only=True)
    apprise_urls: str = setting(
        '', 'Addresses of the Apprise library, one a line: env:NAME or file:NAME; empty: none.',
        read_only=True)


def make_senders(values: ChannelSettings, secrets: Secrets, crib_id: str, heartbeat_s: float,
                 on_command) -> List[Sender]:
    """
    Return the senders that parameters ask for; none of them does anything yet.

    :param secrets: reads what is one, and is told what must not be seen.
    :param on_command: see `Mqtt`.
    :raises ValueError: one sentence that names the parameter.
    """
    senders: List[Sender] = []
    if values.sounder:
        senders.append(Sounder(values.sounder_device, values.sounder_volume_dbfs))
    url = values.webhook_url
    if url:
        if url.startswith(('env:', 'file:')):
            url = secrets.read(url, 'webhook_url')
        host = urlsplit(checked_url(url)).hostname
        senders.append(Webhook(url, secrets.read(values.webhook_token, 'webhook_token', host),
                               values.webhook_timeout_s))
    elif values.webhook_token:
        raise ValueError('webhook_token is set, webhook_url is not')
    if values.mqtt_host:
        for name in ('mqtt_base_topic', 'mqtt_discovery_prefix'):
            if any(character in getattr(values, name) for character in '#+\0') or (
                    name == 'mqtt_base_topic' and not values.mqtt_base_topic.strip('/')):
                raise ValueError(f'{name}: expected a topic without # and +')
        if values.mqtt_ca_file and not values.mqtt_tls:
            raise ValueError('mqtt_ca_file is set, mqtt_tls is not')
        if values.mqtt_password and not values.mqtt_username:
            raise ValueError('mqtt_password is set, mqtt_username is not')
        senders.append(Mqtt(
            values.mqtt_host, values.mqtt_port, crib_id, values.mqtt_base_topic,
            values.mqtt_discovery_prefix, values.mqtt_username,
            secrets.read(values.mqtt_password, 'mqtt_password', values.mqtt_host),
            values.mqtt_tls,
            values.mqtt_ca_file, heartbeat_s, on_command))
    elif values.mqtt_password:
        raise ValueError('mqtt_password is set, mqtt_host is not')
    if values.apprise_urls:
        senders += apprise_senders(secrets.read(values.apprise_urls, 'apprise_urls'))
    return senders


def start_channels(senders: List[Sender], secrets: Secrets, kept: Optional[Path] = None
                   ) -> List[Channel]:
    """
    Return a running channel for each sender.

    :param kept: begins the names of the files that keep what waits; ``None``: memory does.
    """
    return [Channel(sender, secrets.redact, outbox=Outbox(f'{kept}.{sender.name}.outbox')
                    if kept is not None and sender.keeps else None)
            for sender in senders]
