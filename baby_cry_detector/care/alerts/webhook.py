# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A webhook: each notice is one HTTP POST of a JSON document."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from baby_cry_detector.care.alerts.channel import record, Refused, Sender, Undelivered
from baby_cry_detector.care.alerts.alert_words import Said

# The server asks for patience, or it is its fault; anything else above 399 is ours.
LATER = {408, 425, 429}
MOST_READ = 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET, and the token would go to somebody else."""

    def redirect_request(self, *_):
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
    if parts.scheme not in ('http', 'https') or not parts.hostname or not port_fits or (
            any(character.isspace() for character in url)):
        raise ValueError('webhook_url: expected http://host/path or https://host/path')
    if parts.username or parts.password:
        raise ValueError('webhook_url: no user or password in the address; use webhook_token')
    return url


class Webhook(Sender):
    """
    Posts to one address.

    :param url: http or https.
    :param token: sent as ``Authorization: Bearer``; ``''`` for none.
    :param timeout_s: for connecting, and for each part of the answer.
    """

    name = 'webhook'

    def __init__(self, url: str, token: str = '', timeout_s: float = 5.0):
        """Connect to nobody yet."""
        self._url = checked_url(url)
        self._host = urllib.parse.urlsplit(url).hostname
        self._headers = {'Content-Type': 'application/json; charset=utf-8',
                         'User-Agent': 'baby_cry_detector'}
        if token:
            self._headers['Authorization'] = f'Bearer {token}'
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, said: Said, late_s: float) -> None:
        """Post; any 2xx is delivered."""
        body = json.dumps(record(said, late_s), ensure_ascii=False).encode()
        request = urllib.request.Request(self._url, body, self._headers, method='POST')
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                answer.read(MOST_READ)
        except urllib.error.HTTPError as error:
            error.close()
            sentence = f'{self._host} answers {error.code}'
            if error.code >= 500 or error.code in LATER:
                raise Undelivered(sentence) from None
            raise Refused(sentence) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, 'reason', error)
            raise Undelivered(f'{self._host} does not answer '
                              f'({reason or type(error).__name__})') from None
