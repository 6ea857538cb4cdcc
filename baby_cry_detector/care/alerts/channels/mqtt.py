# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
MQTT, with discovery for Home Assistant: the state is retained, a last will says "offline".

What is published below ``BASE/CRIB/`` stands in docs/use/alerts.md. Words go first: what is
retained besides (the state, discovery) is owed, and where the broker does not take it, no word
waits for it.
"""

import json
import ssl
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import record, Sender, Undelivered
from baby_cry_detector.care.alerts.channels.tls import tls_context
from baby_cry_detector.names import safe_name
from baby_cry_detector.needs import END, HEARTBEAT, ONGOING, START

KEEP_ALIVE_S = 20
ANSWER_S = 5.0
SNOOZE_S = 600.0
LONGEST_COMMAND = 40                   # bytes of it that are read
MISSED_HEARTBEATS = 3
# A document that the broker closes the connection over is tried again after 2 s, 4 s, ... this.
LONGEST_REST_S = 600.0
# Codes of CONNACK that more patience does not change: version, id, user or password, rights.
WRONG_VERSION = {1, 132}
REFUSALS = {1, 2, 4, 5, 132, 133, 134, 135, 138, 140}


def import_paho() -> Any:
    """
    Return paho's client module.

    :raises ValueError: if it is missing; says how to get it.
    """
    try:
        import paho.mqtt.client as client
        return client
    except ImportError:
        raise ValueError('mqtt_host is set but paho-mqtt is missing: install python3-paho-mqtt '
                         '(apt) or paho-mqtt (pip)') from None


class Mqtt(Sender):
    """
    Publishes to one broker, QoS 1, and listens for commands.

    :param crib_id: names the topics and the device.
    :param base_topic: before the crib's name.
    :param discovery_prefix: Home Assistant's, ``''`` for no discovery.
    :param heartbeat_s: between heartbeats; three missed ones make the sensors unavailable.
    :param on_command: called with ``'acknowledge'`` or ``'snooze'`` and seconds, in paho's thread.
    """

    name = 'mqtt'

    def __init__(self, host: str, port: int = 1883, crib_id: str = 'crib',
                 base_topic: str = 'baby_cry', discovery_prefix: str = 'homeassistant',
                 username: str = '', password: str = '', tls: bool = False, ca_file: str = '',
                 heartbeat_s: float = 30.0,
                 on_command: Optional[Callable[[str, float], None]] = None) -> None:
        """Connect to nobody yet; ValueError if paho is missing or the certificate unusable."""
        self._paho = import_paho()
        self._address = (host, port)
        self._login = (username, password)
        self._context: Optional[ssl.SSLContext] = None
        if tls:
            self._context = tls_context(ca_file, 'mqtt_ca_file')
        name = safe_name(crib_id, nothing='crib')
        self._device = f'baby_cry_{name}'
        self._crib_id = crib_id
        self._base = f'{base_topic.strip("/")}/{name}'
        self._discovery = discovery_prefix.strip('/')
        self._heartbeat_s = heartbeat_s
        self._on_command = on_command or (lambda command, seconds: None)
        self._client: Any = None          # paho's, which has no types
        self._connected = threading.Event()
        self._answered = threading.Event()
        self._code: Optional[int] = None
        self._state: Optional[Dict[str, Any]] = None
        self._owed: Dict[str, Union[str, Dict[str, Any]]] = {}
        # MQTT 5 where both can: older brokers confirm what they throw away, and do not say so.
        self._speaks_5 = hasattr(self._paho, 'CallbackAPIVersion')
        self._thrown_away: Dict[int, str] = {}
        self._rests: Dict[str, Tuple[int, float]] = {}      # topic: failures in a row, until when

    def wants(self, said: Said) -> bool:
        """Everything: the retained state is to be true, and the heartbeat to be heard."""
        return True

    # --- the connection --------------------------------------------------------------------------
    def _new_client(self) -> Any:
        identifier = f'{self._device}_{time.monotonic_ns() % 10**9}'
        if hasattr(self._paho, 'CallbackAPIVersion'):
            client = self._paho.Client(
                self._paho.CallbackAPIVersion.VERSION2, identifier,
                protocol=self._paho.MQTTv5 if self._speaks_5 else self._paho.MQTTv311)
            client.on_publish = self._note_published
        else:
            client = self._paho.Client(identifier)
        client.on_connect = self._note_connected
        client.on_disconnect = lambda *_: self._connected.clear()
        client.on_message = self._note_message
        client.will_set(f'{self._base}/availability', 'offline', qos=1, retain=True)
        if self._login[0]:
            client.username_pw_set(self._login[0], self._login[1] or None)
        if self._context is not None:
            client.tls_set_context(self._context)
        return client

    def _note_connected(self, client: Any, userdata: object, flags: object, code: Any,
                        *_: object) -> None:
        # paho 1 gives a number, paho 2 an object that has one.
        self._code = int(getattr(code, 'value', code))
        if self._code == 0:
            for name in ('acknowledge', 'snooze'):
                client.subscribe(f'{self._base}/{name}/set', 1)
            self._connected.set()
        self._answered.set()

    def _note_published(self, client: object, userdata: object, number: int, code: Any,
                        properties: object) -> None:
        if code is not None and code.value >= 128:
            self._thrown_away[number] = str(code)

    def _note_message(self, client: object, userdata: object, message: Any) -> None:
        command = message.topic.split('/')[-2]
        if message.retain or not message.payload:
            return                   # meant for another night, or a retained one that is cleared
        if command == 'acknowledge':
            self._on_command(command, 0.0)
            return
        try:
            seconds = float(message.payload[:LONGEST_COMMAND])
        except ValueError:
            return                   # "OFF" holds no alert back
        if command == 'snooze' and 0.0 <= seconds <= 1e6:
            self._on_command(command, seconds)

    def _connect(self) -> None:
        """Be connected."""
        if self._client is not None and self._connected.is_set():
            return
        self._drop()
        self._connected.clear()
        self._answered.clear()
        self._client = self._new_client()
        host = ':'.join(map(str, self._address))
        try:
            self._client.connect(*self._address, keepalive=KEEP_ALIVE_S)
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise Undelivered(f'{host} is not trusted: {error.verify_message} '
                              '(mqtt_ca_file, mqtt_host)') from None
        except (OSError, ValueError) as error:
            self._drop()
            if self._context is not None and isinstance(
                    error, (ssl.SSLError, ConnectionResetError)):
                raise Undelivered(f'{host} does not speak TLS as expected '
                                  f'({error}; mqtt_tls, mqtt_port)') from None
            raise Undelivered(f'{host} does not answer ({error})') from None
        self._client.loop_start()
        is_answered = self._answered.wait(ANSWER_S)
        if self._speaks_5 and (not is_answered or self._code in WRONG_VERSION):
            self._speaks_5 = False
            if is_answered:
                self._connect()
                return
        if not is_answered:
            self._drop()
            raise Undelivered(f'{host} does not greet (mqtt_tls, mqtt_port)')
        if self._code != 0:
            code = self._code
            self._drop()
            if code in REFUSALS:
                # Not given up: words wait until somebody has put the password right.
                raise Undelivered(
                    f'{host} lets nobody in with this user and password (code {code})')
            raise Undelivered(f'{host} is not ready (code {code})')
        # A broker that was started anew may have forgotten what it was to retain.
        self._thrown_away.clear()
        state: Dict[str, Union[str, Dict[str, Any]]] = (
            {f'{self._base}/state': self._state} if self._state is not None else {})
        self._owed = {f'{self._base}/availability': 'online', **state, **dict(self._entities())}

    def _settle(self) -> None:
        """Publish what is owed, as far as the broker takes it; another time the rest."""
        for topic, document in list(self._owed.items()):
            failures, until_s = self._rests.get(topic, (0, 0.0))
            if time.monotonic() < until_s:
                continue
            try:
                self._publish(topic, document, retain=True)
            except Undelivered as error:
                rest_s = min(LONGEST_REST_S, 2.0 ** (failures + 1))
                self._rests[topic] = failures + 1, time.monotonic() + rest_s
                if failures:          # once may be a broker that ends
                    self.beside = f'{topic} is not retained: {error}'
                if self._client is None:
                    return
                continue
            del self._owed[topic]
            self._rests.pop(topic, None)
        if all(failures < 2 for failures, _ in self._rests.values()):
            self.beside = ''

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            try:
                client.disconnect()
            except (OSError, ValueError):
                pass
            client.loop_stop()
        self._connected.clear()

    def _publish(self, topic: str, document: Union[str, Dict[str, Any]],
                 retain: bool = False) -> None:
        payload = document if isinstance(document, str) else json.dumps(
            document, ensure_ascii=False)
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        confirmed, end_s = False, time.monotonic() + ANSWER_S
        try:
            while not confirmed and self._connected.is_set() and time.monotonic() < end_s:
                sent.wait_for_publish(0.05)
                confirmed = sent.is_published()
        except (RuntimeError, ValueError):
            pass
        size = len(topic.encode()) + len(payload.encode())
        thrown_away = self._thrown_away.pop(sent.mid, '')
        if thrown_away:
            raise Undelivered(f'the broker throws away {size} bytes on {topic}: {thrown_away} '
                              '(message_size_limit, rights?)', answered=True)
        if not confirmed:
            why = ('the broker does not confirm' if self._connected.is_set() else
                   f'the broker closes the connection over {size} bytes (max_packet_size?)')
            # A new connection: what paho still holds would otherwise be sent twice.
            self._drop()
            raise Undelivered(why, answered=True)

    # --- what is published -----------------------------------------------------------------------
    def send(self, said: Said, late_s: float) -> None:
        """Publish the event; with it the word is delivered. Then the state that it leaves."""
        document = record(said, late_s)
        open_ = said.state in (START, ONGOING)
        self._connect()
        if said.state == HEARTBEAT:
            self._publish(f'{self._base}/heartbeat', document)
        else:
            self._publish(f'{self._base}/event', document)
            if said.state == ONGOING:
                self._publish(f'{self._base}/heartbeat', document)
        state = {**document, 'alert': 'ON' if open_ else 'OFF',
                 'crying': 'ON' if open_ and said.need != 'NONE' else 'OFF',
                 'heard': 'ON' if said.listening else 'OFF'}
        if said.state == END:
            state['priority'] = 'none'
        self._state = state
        self._owed.pop(f'{self._base}/state', None)
        self._owed = {f'{self._base}/state': state, **self._owed}      # before the others
        self._settle()

    def _entities(self) -> List[Tuple[str, Dict[str, Any]]]:
        """Return (topic, configuration) of each entity that Home Assistant is to show."""
        if not self._discovery:
            return []
        common = {
            'availability_topic': f'{self._base}/availability', 'qos': 1,
            'device': {'identifiers': [self._device], 'name': f'Baby cry {self._crib_id}',
                       'manufacturer': 'baby_cry_detector', 'model': 'Cry detector'},
            'origin': {'name': 'baby_cry_detector'}}
        state = {'state_topic': f'{self._base}/state',
                 # Home Assistant itself notices that nobody speaks any more.
                 'expire_after': max(10, round(MISSED_HEARTBEATS * self._heartbeat_s))}
        entities: Dict[Tuple[str, str], Dict[str, Any]] = {
            ('binary_sensor', 'alert'): {
                **state, 'name': 'Alert', 'device_class': 'problem',
                'value_template': '{{ value_json.alert }}',
                'json_attributes_topic': f'{self._base}/state'},
            ('binary_sensor', 'crying'): {
                **state, 'name': 'Crying alert', 'device_class': 'sound',
                'value_template': '{{ value_json.crying }}'},
            ('binary_sensor', 'heard'): {
                **state, 'name': 'Crib is heard', 'device_class': 'connectivity',
                'entity_category': 'diagnostic', 'value_template': '{{ value_json.heard }}'},
            ('sensor', 'text'): {
                **state, 'name': 'What is going on',
                'value_template': '{{ value_json.text[:255] }}'},
            ('sensor', 'priority'): {
                **state, 'name': 'Priority', 'device_class': 'enum',
                'options': ['none', 'low', 'medium', 'high'],
                'value_template': '{{ value_json.priority }}'},
            ('button', 'acknowledge'): {
                'name': 'I am on my way', 'command_topic': f'{self._base}/acknowledge/set'},
            ('button', 'snooze'): {
                'name': 'Snooze', 'command_topic': f'{self._base}/snooze/set',
                'payload_press': str(round(SNOOZE_S))}}
        return [(f'{self._discovery}/{kind}/{self._device}/{name}/config',
                 {**common, **entity, 'unique_id': f'{self._device}_{name}',
                  'default_entity_id': f'{kind}.{self._device}_{name}'.lower()})
                for (kind, name), entity in entities.items()]

    def idle(self) -> None:
        """Come back when the connection was lost, and publish what is owed."""
        self._connect()
        self._settle()

    def close(self) -> None:
        """Say goodbye; the last will is for those who can't."""
        if self._client is not None and self._connected.is_set():
            try:
                self._publish(f'{self._base}/availability', 'offline', retain=True)
            except Undelivered:
                pass
        self._drop()
