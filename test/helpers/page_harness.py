# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The caregiver's page beside the real graph, plain HTTP clients, and a real browser."""

import http.client
import json
import os
import shutil
import socket
import time

import pytest


class ServedPage:
    """A node that serves a page in the context of a graph, spun by a thread of its own."""

    def __init__(self, graph, node=None, **overrides):
        """Start it on a free port; ``node``: its class, of caregiver_page if none is given."""
        from baby_cry_detector.ros.nodes.caregiver_page import CaregiverPage
        from graph_harness import Spinning
        from rclpy.executors import SingleThreadedExecutor
        self.node = (node or CaregiverPage)({'port': 0, **overrides}, context=graph.context)
        self.executor = SingleThreadedExecutor(context=graph.context)
        self.executor.add_node(self.node)
        assert self.node.autostart()
        self.port = self.node.port
        self._spinning = Spinning(self.executor)

    @property
    def address(self):
        """Return what a browser opens."""
        return f'http://127.0.0.1:{self.port}/'

    def in_ros_thread(self, step):
        """Run a step between two callbacks, as a lifecycle manager's request is; return it."""
        done = []
        self.executor.create_task(lambda: done.append(step()))
        wait_until(lambda: done)
        return done[0]

    def request(self, path, method='GET', body=None, **headers):
        """Return (status, headers, body) of one request."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            named = {name.replace('_', '-'): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, action, values, **headers):
        """Return (status, JSON answer) of what a button sends."""
        headers = {'Origin': f'http://127.0.0.1:{self.port}',
                   'Content_Type': 'application/json', **headers}
        body = values if isinstance(values, bytes) else json.dumps(values)
        status, _, answer = self.request(f'/api/{action}', 'POST', body, **headers)
        return status, json.loads(answer)

    def state(self):
        """Return the present state as a browser gets it."""
        return json.loads(self.request('/api/state')[2])

    def close(self):
        """Stop everything."""
        self._spinning.close()
        self.node.close()


class Listener:
    """One plain client of the event stream."""

    def __init__(self, port, cookie='', receive_bytes=0):
        """Connect; reading is up to the test."""
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(('127.0.0.1', port))
        self.socket.sendall(f'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n'
                            f'Cookie: {cookie}\r\n\r\n'.encode())
        self._unread = b''

    def next_state(self):
        """Return the next state; ConnectionError if the server has closed."""
        while True:
            line, found, rest = self._unread.partition(b'\n\n')
            if found:
                self._unread = rest
                _, is_data, data = line.partition(b'data:')
                if is_data:
                    return json.loads(data)
                continue
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError('closed')
            self._unread += received

    def wait_for(self, condition, timeout_s=40.0):
        """Return the first state that fulfils the condition."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            state = self.next_state()
            if condition(state):
                return state
        pytest.fail('the stream never said so')

    def close(self):
        """Hang up."""
        self.socket.close()


def wait_until(condition, timeout_s=60.0, what='it'):
    """Return the condition's first true value; fail if there is none."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f'{what} never came true')


# --- a real browser ------------------------------------------------------------------------------
def browser_missing():
    """Return why no browser can be driven here, '' if one can."""
    if not (shutil.which('chromium') and shutil.which('chromedriver')):
        return "needs Debian's packages chromium and chromium-driver"
    try:
        import selenium  # noqa: F401  # only whether it is there
    except ImportError:
        return 'needs selenium (requirements/test.txt)'
    return ''


class Phone:
    """A headless Chromium of a phone's size with its own cookies."""

    def __init__(self, dark=True, width=390, height=844):
        """Start it; nothing of it asks the network for anything but the page."""
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which('chromium')
        for argument in ('--headless=new', '--disable-gpu', '--disable-dev-shm-usage',
                         '--disable-background-networking', '--disable-component-update',
                         '--no-first-run', '--lang=en-GB'):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument('--no-sandbox')
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which('chromedriver')))
        self.command('Emulation.setDeviceMetricsOverride', width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 600)
        self.prefer(dark)
        self.network = []

    def command(self, name, **arguments):
        """Run a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def prefer(self, dark):
        """Set the colour scheme that the system prefers."""
        self.command('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def open(self, address):  # noqa: A003  # as a person says it
        """Open the page."""
        self.driver.get(address)

    def run(self, script, *arguments):
        """Return what a script returns."""
        return self.driver.execute_script(script, *arguments)

    def text(self, element):
        """Return what an element shows; '' while it is hidden."""
        return self.driver.find_element('id', element).text

    def shows(self, element, text, timeout_s=60.0):
        """Wait until an element shows a text."""
        return wait_until(lambda: text in self.text(element), timeout_s,
                          f'{element}: {text!r} (it shows {self.text(element)!r})')

    def tap(self, selector):
        """Tap what a person would find there, once it is there."""
        wait_until(lambda: [one for one in self.driver.find_elements('css selector', selector)
                            if one.is_displayed() and one.is_enabled()], what=selector)
        element = self.driver.find_element('css selector', selector)
        self.run('arguments[0].scrollIntoView({block: "center"})', element)
        element.click()

    def enter(self, element, text):
        """Type into a field."""
        field = self.driver.find_element('id', element)
        field.clear()
        field.send_keys(text)

    def complaints(self):
        """Return what the console has said since the last call."""
        return [entry['message'] for entry in self.driver.get_log('browser')]

    def traffic(self):
        """Return ({address: bytes received}) of all that was asked for so far."""
        for entry in self.driver.get_log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'].startswith('Network.'):
                self.network.append((message['method'], message['params']))
        addresses, sizes = {}, {}
        for method, values in self.network:
            if method == 'Network.requestWillBeSent':
                addresses[values['requestId']] = values['request']['url']
            elif method == 'Network.responseReceived':
                sizes.setdefault(values['requestId'], 0)
                sizes[values['requestId']] += max(0, values['response']['encodedDataLength'])
            elif method == 'Network.dataReceived':
                sizes.setdefault(values['requestId'], 0)
                sizes[values['requestId']] += max(0, values['encodedDataLength'])
        return {address: sizes.get(request, 0) for request, address in addresses.items()}

    def violations(self):
        """Return what axe-core finds on the page as it is."""
        axe = pytest.importorskip('axe_core_python', reason='needs axe-core-python')
        from pathlib import Path
        self.run(Path(axe.__file__).with_name('axe.min.js').read_text())
        found = self.driver.execute_async_script(
            'const done = arguments[0]; axe.run(document).then(done, (e) => done({violations: '
            '[{id: String(e), nodes: []}]}));')
        return [(one['id'], [node['html'] for node in one['nodes']])
                for one in found['violations']]

    def picture(self, path, whole=False):
        """Write a screenshot."""
        import base64
        if whole:
            size = self.command('Page.getLayoutMetrics')['cssContentSize']
            answer = self.command('Page.captureScreenshot', format='png',
                                  captureBeyondViewport=True,
                                  clip={**size, 'x': 0, 'y': 0, 'scale': 1})
        else:
            answer = self.command('Page.captureScreenshot', format='png')
        with open(path, 'wb') as file:
            file.write(base64.b64decode(answer['data']))

    def close(self):
        """End it."""
        self.driver.quit()
