# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A webhook: each notice is one HTTP POST of a JSON document."""

import contextlib
import http.client
import json
import queue
import re
import socket
import ssl
import threading
import time
from typing import Any, Callable, Optional, Tuple, Type
import urllib.error
import urllib.parse
import urllib.request

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import record, Refused, Sender, Undelivered
from baby_cry_detector.care.alerts.channels.tls import tls_context
from baby_cry_detector.printable import printable

# The server asks for patience, or it is its fault; anything else above 399 is ours.
HOST = re.compile(r'([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?')
LATER = {408, 425, 429}
MOST_ADDRESSES = 8
LONGEST_REASON = 200


class _Deadline:
    """The end of one request, whatever the other side does: its socket is shut then."""

    def __init__(self, seconds: float):
        """Begin to count."""
        self._end_s = time.monotonic() + seconds
        self._socket: Optional[socket.socket] = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self.connected = False

    def __enter__(self) -> '_Deadline':
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def left_s(self) -> float:
        """Return what is left; OSError if nothing is."""
        left_s = self._end_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError('timed out')
        return left_s

    def passed(self) -> bool:
        """Return whether it is over."""
        return time.monotonic() >= self._end_s

    def connect(self, address: Tuple[str, int], timeout: object = None,
                source_address: object = None) -> socket.socket:
        """Return a socket that ends with the request; as `socket.create_connection`."""
        found: 'queue.Queue[Any]' = queue.Queue()
        host, port = address
        failed: OSError = TimeoutError('timed out')

        def look_up() -> None:        # the system's resolver knows no deadline
            try:
                found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except OSError as error:
                found.put(error)

        threading.Thread(target=look_up, daemon=True).start()
        try:
            places = found.get(timeout=self.left_s())
        except queue.Empty:
            raise failed from None
        if isinstance(places, OSError):
            raise places
        for family, kind, protocol, _, place in places[:MOST_ADDRESSES]:
            one = socket.socket(family, kind, protocol)
            try:
                one.settimeout(self.left_s())
                one.connect(place)
            except OSError as error:
                one.close()
                failed = error
                continue
            with self._lock:
                self._socket, self.connected = one.dup(), True
            one.settimeout(self.left_s())
            return one
        raise failed

    def _shut(self) -> None:
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


class _Http(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens with connections that keep the deadline."""

    def __init__(self, deadline: _Deadline, tls: Optional[ssl.SSLContext]):
        """Check certificates as the context does."""
        urllib.request.AbstractHTTPHandler.__init__(self)      # others read certificates again
        self._deadline, self._tls = deadline, tls

    def _connection(self, kind: Type[http.client.HTTPConnection], **own: Any
                    ) -> Callable[..., http.client.HTTPConnection]:
        def make(host: str, **kwargs: Any) -> http.client.HTTPConnection:
            connection = kind(host, **kwargs, **own)
            connect = self._deadline.connect
            connection._create_connection = connect  # type: ignore[attr-defined]  # not in stubs
            return connection
        return make

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Open http."""
        return self.do_open(self._connection(http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Open https."""
        return self.do_open(self._connection(http.client.HTTPSConnection, context=self._tls),
                            request)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET, and the token would go to somebody else."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""
        return


def checked_url(url: str) -> str:
    """
    Return the address.

    :raises ValueError: unless it is http or https with a host; its text is not repeated, for it
        may hold a secret.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError('webhook_url: expected http://host/path or https://host/path') from None
    if parts.username or parts.password:
        raise ValueError('webhook_url: no user or password in the address; use webhook_token')
    # What every reader of an address takes for the same host: a secret is bound to it.
    if parts.scheme not in ('http', 'https') or not port_fits or (
            not HOST.fullmatch(parts.netloc) or any(character.isspace() for character in url)):
        raise ValueError('webhook_url: expected http://host/path or https://host/path')
    return url


class Webhook(Sender):
    """
    Posts to one address.

    :param url: http or https.
    :param token: sent as ``Authorization: Bearer``; ``''`` for none.
    :param timeout_s: for the whole of one request, from the look-up of the name to the answer.
    :param ca_file: as of `tls_context`.
    """

    name = 'webhook'

    def __init__(self, url: str, token: str = '', timeout_s: float = 5.0, ca_file: str = ''):
        """Connect to nobody yet; ValueError if the certificate is unusable."""
        self._url = checked_url(url)
        self._host = urllib.parse.urlsplit(url).hostname
        self._headers = {'Content-Type': 'application/json; charset=utf-8',
                         'User-Agent': 'baby_cry_detector'}
        if token:
            self._headers['Authorization'] = f'Bearer {token}'
        self._timeout_s = timeout_s
        # Reading the system's list takes a while, which is not to count against each request.
        self._tls = (tls_context(ca_file, 'webhook_ca_file')
                     if urllib.parse.urlsplit(url).scheme == 'https' else None)

    def send(self, said: Said, late_s: float) -> None:
        """Post; any 2xx is delivered."""
        # A text that is no text costs a letter, not the alert.
        body = json.dumps(record(said, late_s), ensure_ascii=False).encode('utf-8', 'replace')
        request = urllib.request.Request(self._url, body, self._headers, method='POST')
        with _Deadline(self._timeout_s) as deadline:
            try:
                opener = urllib.request.build_opener(_NoRedirect, _Http(deadline, self._tls))
                with opener.open(request, timeout=self._timeout_s) as answer:
                    if deadline.passed():
                        raise TimeoutError('timed out')
                    # What it says is of no interest: the status was the answer.
                    del answer
            except urllib.error.HTTPError as error:
                error.close()
                sentence = f'{self._host} answers {error.code}'
                if not 200 <= error.code < 500 or error.code in LATER:
                    raise Undelivered(sentence, answered=True) from None
                raise Refused(sentence) from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = getattr(error, 'reason', error)
                if isinstance(reason, ssl.SSLCertVerificationError):
                    # Nothing was sent, and no other word fares better until it is put right.
                    raise Undelivered(f'{self._host} is not trusted: {reason.verify_message} '
                                      '(webhook_ca_file, webhook_url)') from None
                if deadline.passed():
                    reason = f'no whole answer within {self._timeout_s:g} s'
                # What a server says instead of HTTP is repeated as one harmless line.
                text = ' '.join(printable(str(reason or type(error).__name__)).split())
                raise Undelivered(f'{self._host} does not answer ({text[:LONGEST_REASON]})',
                                  answered=deadline.connected) from None
            finally:
                deadline.close()
