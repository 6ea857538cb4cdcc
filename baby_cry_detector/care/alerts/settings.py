# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which channels there are: their parameters, and from parameters to running channels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Channel, Sender
from baby_cry_detector.care.alerts.channels.channel_secrets import Secrets
from baby_cry_detector.care.alerts.channels.outbox import Outbox
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
    webhook_ca_file: str = setting(
        '', "Certificate authority of the webhook's server; empty: the system's.", read_only=True)
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
                 on_command: Callable[[str, float], None]) -> List[Sender]:
    """
    Return the senders that parameters ask for; none of them does anything yet.

    :param secrets: reads what is one, and is told what must not be seen.
    :param on_command: see `Mqtt`.
    :raises ValueError: one sentence that names the parameter.
    """
    # Every node reads these settings; what sends over a network is 5 MB that only one needs.
    from baby_cry_detector.care.alerts.channels.apprise_sender import apprise_senders
    from baby_cry_detector.care.alerts.channels.mqtt import Mqtt
    from baby_cry_detector.care.alerts.channels.sounder import Sounder
    from baby_cry_detector.care.alerts.channels.webhook import checked_url, Webhook
    senders: List[Sender] = []
    if values.sounder:
        senders.append(Sounder(values.sounder_device, values.sounder_volume_dbfs))
    url = values.webhook_url
    if url:
        if url.startswith(('env:', 'file:')):
            url = secrets.read(url, 'webhook_url')
        host = urlsplit(checked_url(url)).hostname or ''
        senders.append(Webhook(url, secrets.read(values.webhook_token, 'webhook_token', host),
                               values.webhook_timeout_s, values.webhook_ca_file))
    for name in ('webhook_token', 'webhook_ca_file'):
        if getattr(values, name) and not url:
            raise ValueError(f'{name} is set, webhook_url is not')
    if values.webhook_ca_file and urlsplit(url).scheme != 'https':
        raise ValueError('webhook_ca_file is set, webhook_url is not https')
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


class Channels:
    """
    The channels of one crib; they do nothing before `start`.

    :param secrets: hides what must not be seen in what they report.
    :param report: called with a kind of trouble and a sentence.
    :param outboxes: begins the names of the files that keep what waits; ``None``: memory does.
    """

    def __init__(self, senders: List[Sender], secrets: Secrets,
                 report: Callable[[str, str], None], outboxes: Optional[Path] = None) -> None:
        """Nothing is sent yet."""
        self._senders, self._secrets = senders, secrets
        self._report, self._outboxes = report, outboxes
        self._running: List[Channel] = []
        self._lost: Dict[str, int] = {}            # given up, as far as it was reported

    def start(self) -> None:
        """Begin, once."""
        if not self._running:
            self._running = [
                Channel(sender, self._secrets.redact,
                        outbox=Outbox(Path(f'{self._outboxes}.{sender.name}.outbox'))
                        if self._outboxes is not None and sender.keeps else None)
                for sender in self._senders]

    def offer(self, said: Said) -> None:
        """Have every channel say it; none of them holds this up."""
        for channel in self._running:
            channel.offer(said)

    def close(self) -> None:
        """Give them time to say what is open, and end them."""
        running, self._running = self._running, []
        self._lost.clear()
        for channel in running:
            if not channel.close():
                self._report('not_delivered', f'{channel.name}: {channel.state().message}')

    def health(self) -> Tuple[Dict[str, Any], List[str]]:
        """Return (details, what is wrong)."""
        details: Dict[str, Any] = {}
        ill = []
        for channel in self._running:
            name, state = channel.name, channel.state()
            details.update({
                f'{name}.state': state.message, f'{name}.delivered': state.delivered,
                f'{name}.waiting': state.waiting, f'{name}.lost': state.lost,
                f'{name}.last_lost': state.lost_why})
            if state.lost > self._lost.get(name, 0):
                self._lost[name] = state.lost
                self._report('given_up', f'{name} gave up {state.lost_why}')
            if state.lost_why:
                ill.append(f'{name} gave up {state.lost_why}')
            if not state.well:
                ill.append(f'{name}: {state.message}')
        return details, ill
