# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Those who receive alerts: a real HTTP server and a real MQTT broker, which can be taken away."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time


def free_port():
    """Return a TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for(condition, timeout_s=40.0):
    """Wait until the condition holds; return whether it does."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


class HttpReceiver:
    """Takes POSTs of JSON; ``status`` is what it answers."""

    def __init__(self, port=0, status=200, certificate=None, key=None):
        """Listen; with a certificate over TLS alone."""
        self.status = status
        self.documents, self.headers = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):

            def do_POST(self):  # noqa: N802  # as http.server calls it
                body = self.rfile.read(int(self.headers['Content-Length']))
                if receiver.status < 300:
                    receiver.documents.append(json.loads(body))
                    receiver.headers.append(dict(self.headers))
                self.send_response(receiver.status)
                if 300 <= receiver.status < 400:
                    self.send_header('Location', 'http://127.0.0.1:9/elsewhere')
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', port), Handler)
        self._server.daemon_threads = True
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate, key)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f'http://127.0.0.1:{self.port}/hook'
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,),
                                        daemon=True)
        self._thread.start()

    def close(self):
        """Be gone."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def no_broker():
    """Return why there can be no broker here; '' if there can."""
    try:
        import paho.mqtt.client  # noqa: F401  # only whether it is there
    except ImportError as error:
        return f'paho-mqtt is not installed ({error})'
    return '' if find_broker() else 'mosquitto is not installed (apt: mosquitto)'


def find_broker():
    """Return the path of mosquitto."""
    return shutil.which('mosquitto') or shutil.which('mosquitto', path='/usr/sbin:/usr/local/sbin')


def no_certificates():
    """Return why no certificate can be made here; '' if one can."""
    return '' if shutil.which('openssl') else 'openssl is not installed'


def make_authority(folder, name):
    """Make a certificate authority; return the path of its certificate."""
    certificate = folder / f'{name}.crt'
    _openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
             f'/CN={name}', '-keyout', folder / f'{name}.key', '-out', certificate)
    return certificate


def make_certificate(folder, authority, host):
    """Have an authority of `make_authority` sign a key for ``host``; return both paths."""
    key, request = folder / f'{host}.key', folder / f'{host}.csr'
    certificate, extension = folder / f'{host}.crt', folder / f'{host}.ext'
    kind = 'IP' if host[0].isdigit() else 'DNS'
    extension.write_text(f'subjectAltName={kind}:{host}\n')
    _openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={host}', '-keyout', key,
             '-out', request)
    _openssl('x509', '-req', '-in', request, '-CA', authority, '-CAkey',
             authority.with_suffix('.key'), '-CAcreateserial', '-days', '2', '-extfile',
             extension, '-out', certificate)
    key.chmod(0o644)
    return certificate, key


def _openssl(*arguments):
    subprocess.run(['openssl', *map(str, arguments)], check=True, capture_output=True)


class Broker:
    """mosquitto on a port of its own; what it retains is forgotten when it stops."""

    def __init__(self, folder, password='', certificate=None, key=None, configuration='',
                 port=0):
        """
        Write the configuration and start; with a certificate it speaks TLS alone.

        :param configuration: somebody else's, whose listener is moved to a port here.
        """
        self.port = port or free_port()
        self._configuration = folder / 'mosquitto.conf'
        listener = f'listener {self.port} 127.0.0.1'
        text = f'{listener}\npersistence false\nallow_anonymous '
        if configuration:
            text = re.sub('^listener .*', listener, configuration, flags=re.MULTILINE)
        elif password:
            file = folder / 'passwords'
            file.write_text(f'robot:{password}\n')
            subprocess.run([shutil.which('mosquitto_passwd') or '/usr/bin/mosquitto_passwd', '-U',
                            str(file)], check=True)
            file.chmod(0o644)
            text += f'false\npassword_file {file}\n'
        else:
            text += 'true\n'
        if certificate:
            text += f'certfile {certificate}\nkeyfile {key}\n'
        if os.geteuid() == 0:
            text = f'user root\n{text}'     # else it becomes somebody who can't read the folder
        self._configuration.write_text(text)
        self._process = None
        self.start()

    def start(self):
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(
            [find_broker(), '-c', str(self._configuration)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

        def answers():
            try:
                socket.create_connection(('127.0.0.1', self.port), 1.0).close()
                return True
            except OSError:
                return False
        assert wait_for(answers), 'mosquitto does not start'

    def stop(self):
        """Be gone, at once."""
        self._process.kill()
        self._process.wait()


class Watcher:
    """Somebody else at the broker, as Home Assistant is: collects everything, comes back."""

    def __init__(self, port, login=None, ca_file=None, host='127.0.0.1'):
        """Connect, until all is heard that is sent; the connection is renewed by itself."""
        import paho.mqtt.client as client
        hears = threading.Event()
        self.messages = []
        if hasattr(client, 'CallbackAPIVersion'):
            self.client = client.Client(client.CallbackAPIVersion.VERSION2)
        else:
            self.client = client.Client()
        self.client.on_connect = lambda *_: self.client.subscribe('#', qos=1)
        self.client.on_subscribe = lambda *_: hears.set()
        self.client.on_message = lambda _, __, message: self.messages.append(message)
        self.client.reconnect_delay_set(1, 1)
        if login:
            self.client.username_pw_set(*login)
        if ca_file:
            self.client.tls_set(str(ca_file))
        self.client.connect(host, port, keepalive=5)
        self.client.loop_start()
        assert hears.wait(30.0), 'the broker took no subscription'

    def on(self, topic):
        """Return the payloads of a topic."""
        return [message.payload.decode() for message in list(self.messages)
                if message.topic == topic]

    def newest(self, topic):
        """Return the newest JSON document of a topic, or {}."""
        payloads = self.on(topic)
        return json.loads(payloads[-1]) if payloads else {}

    def close(self):
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()
