# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""MQTT 5 where both can, since older brokers confirm what they throw away; else MQTT 3.1.1."""

import socket
import socketserver
import threading

from alert_channels import fast, said
from alert_receivers import Broker, no_broker, wait_for, Watcher
from baby_cry_detector.needs import START
import pytest

client = pytest.importorskip('paho.mqtt.client', reason='paho-mqtt is not installed')
pytestmark = [
    pytest.mark.skipif(bool(no_broker()), reason=no_broker() or 'there is one'),
    pytest.mark.skipif(not hasattr(client, 'CallbackAPIVersion'), reason='needs paho-mqtt 2')]
PLAIN = 'listener 1 127.0.0.1\npersistence false\nallow_anonymous true\n'


def channel(port):
    """Return a channel to a broker on this machine, without discovery."""
    from baby_cry_detector.care.alerts.channels.mqtt import Mqtt
    return fast(Mqtt('127.0.0.1', port, discovery_prefix=''))


def test_what_nobody_may_read_is_not_delivered_and_said(tmp_path):
    """Every word counted as delivered, and nobody heard one."""
    rights = tmp_path / 'rights'
    rights.write_text('topic read #\ntopic write baby_cry/crib/availability\n')
    rights.chmod(0o644)      # mosquitto reads it as somebody else
    broker = Broker(tmp_path, configuration=f'{PLAIN}acl_file {rights}\n')
    told = channel(broker.port)
    told.offer(said(START))
    assert wait_for(lambda: 'rights?' in told.state().message), told.state()
    assert (told.state().delivered, told.state().waiting) == (0, 1)
    broker.stop()
    broker = Broker(tmp_path, configuration=PLAIN, port=broker.port)
    assert wait_for(lambda: told.state().delivered == 1), told.state()
    told.close()
    broker.stop()


def test_what_may_not_be_retained_holds_up_no_word(tmp_path):
    rights = tmp_path / 'rights'
    rights.write_text('topic read #\ntopic write baby_cry/crib/event\n')
    rights.chmod(0o644)
    broker = Broker(tmp_path, configuration=f'{PLAIN}acl_file {rights}\n')
    told, watcher = channel(broker.port), Watcher(broker.port)
    told.offer(said(START))
    assert wait_for(lambda: told.state().delivered == 1), told.state()
    assert wait_for(lambda: 'is not retained' in told.state().message), told.state()
    assert wait_for(lambda: len(watcher.on('baby_cry/crib/event')) == 1)
    watcher.close()
    told.close()
    broker.stop()


def test_what_is_larger_than_the_broker_keeps_is_not_delivered_and_said(tmp_path):
    broker = Broker(tmp_path, configuration=f'{PLAIN}message_size_limit 200\n')
    told = channel(broker.port)
    told.offer(said(START))
    assert wait_for(lambda: 'max_packet_size' in told.state().message), told.state()
    assert (told.state().delivered, told.state().waiting) == (0, 1)
    told.close(0.1)
    broker.stop()


class OldBroker(socketserver.BaseRequestHandler):
    """Answers MQTT 5 as one that knows 3.1.1 alone, and hands that on to a broker."""

    def handle(self):
        """Read CONNECT; then be a line in both directions."""
        first = self.request.recv(4096)
        if first[first.index(b'MQTT') + 4] == 5:
            self.request.sendall(b'\x20\x02\x00\x01')
            return
        with socket.create_connection(('127.0.0.1', self.server.behind)) as line:
            line.sendall(first)
            back = threading.Thread(target=self._hand_on, args=(line, self.request), daemon=True)
            back.start()
            self._hand_on(self.request, line)

    @staticmethod
    def _hand_on(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
        except OSError:
            pass


def test_a_broker_that_knows_no_mqtt_5_is_spoken_to_as_before(tmp_path):
    broker = Broker(tmp_path)
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), OldBroker) as server:
        server.behind, server.daemon_threads = broker.port, True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        told, watcher = channel(server.server_address[1]), Watcher(broker.port)
        told.offer(said(START))
        assert wait_for(lambda: told.state().delivered == 1), told.state()
        assert wait_for(lambda: watcher.newest('baby_cry/crib/state').get('alert') == 'ON')
        watcher.close()
        told.close()
        server.shutdown()
    broker.stop()
