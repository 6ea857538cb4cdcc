# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Who may see the page: names it answers to, the token, and where a request came from.

Pure. On the loopback interface whoever uses the machine may look. Beyond it a token is needed,
once for each phone. A name that is not this machine's is refused even then, so that no other
site's page can be made to look here (DNS rebinding); and what changes something must come from
the page itself.
"""

import hmac
import ipaddress
import re
import secrets
from typing import Iterable, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from baby_cry_detector.fields import ParameterError

# Without 0, 1, i, l and o: a person may have to type it.
ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
TOKEN_LENGTH = 24       # 118 bits
# What a phone may do: look, or also act.
SEE, ACT = ROLES = ('see', 'act')
FORWARDING = ('Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'Via')


def new_token() -> str:
    """Return a new random token."""
    return ''.join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))


def plain_token(text: str) -> str:
    """Return a token as it is compared: without the spaces and hyphens of a person's typing."""
    return ''.join(text.split()).replace('-', '').lower()


def is_token(text: str) -> bool:
    """Return whether a text may serve as a token."""
    return len(text) == TOKEN_LENGTH and set(text) <= set(ALPHABET)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that listens on ``host``."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def normal_path(base_path: str) -> str:
    """
    Return a path as ``/baby``, also of ``baby/``; '' where there is none.

    :raises ParameterError: if it is no path.
    """
    inner = base_path.strip('/')
    if inner and not re.fullmatch(r'[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*', inner):
        raise ParameterError('base_path: expected a path like /baby, of letters without accents, '
                             'digits, "_", ".", "~", "-"')
    return f'/{inner}' if inner else ''


def check_place(host: str, base_path: str) -> None:
    """
    Refuse where no page can be.

    :param host: to listen on: an address, never a name, which may be another machine's.
    :param base_path: that a reverse proxy passes on.
    :raises ParameterError: with what is expected.
    """
    normal_path(base_path)
    try:
        if host != 'localhost':
            ipaddress.ip_address(host)
    except ValueError:
        raise ParameterError('host: expected an IP address of this machine, '
                             f'got {host!r}') from None


def split_host(header: Optional[str]) -> Optional[Tuple[str, str]]:
    """Return (name, port or '') of a Host header, lower case; ``None`` if it is none."""
    if not header or len(header) > 300 or any(c in header for c in ' /\\@?#,\t'):
        return None
    try:
        parts = urlsplit(f'//{header}')
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    name = (name or '').rstrip('.')
    return (name, '' if port is None else str(port)) if name else None


class Access:
    """
    The rules of one server.

    :param loopback: whether only this machine reaches it.
    :param names: further names of it: the machine's, a reverse proxy's.
    :param token: what a phone must show; needed unless only this machine reaches the server.
    :param always: ask for the token on the loopback interface too.
    :param see_token: another one, with which a phone may only look; '' if there is none.
    """

    def __init__(self, loopback: bool, names: Iterable[str] = (), token: str = '',
                 always: bool = False, see_token: str = ''):
        """Refuse to serve others without a token."""
        self._loopback = loopback
        self._names = {name.lower().rstrip('.') for name in names if name} | {'localhost'}
        self._always = always
        self._token, self._see_token = token, see_token
        if (always or not loopback) and not is_token(token):
            raise ValueError('a token is needed to serve more than this machine')
        if see_token and (not is_token(see_token) or see_token == token):
            raise ValueError('the token for looking must be another one')

    def host_allowed(self, header: Optional[str]) -> bool:
        """Return whether a Host header names this server: by address, or by a name it has."""
        host = split_host(header)
        if host is None:
            return False
        try:
            # An address can't be made to point elsewhere, as a name can.
            address = ipaddress.ip_address(host[0].partition('%')[0])
        except ValueError:
            return host[0] in self._names
        return address.is_loopback or not self._loopback

    def needs_token(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request must show the token: not if it is this machine's own."""
        return (self._always or not self._loopback
                or any(name in headers for name in FORWARDING))

    def same_origin(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request that changes something came from the page itself."""
        origin = headers.get('Origin')
        if origin is None:
            return headers.get('Sec-Fetch-Site') == 'same-origin'
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return (parts.scheme in ('http', 'https')
                and split_host(parts.netloc) is not None
                and split_host(parts.netloc) == split_host(headers.get('Host')))

    def role_of(self, text: str) -> str:
        """Return what a token opens, one of `ROLES`; '' if it is none. Takes equally long."""
        plain, role = plain_token(text).encode(), ''
        for token, opens in ((self._see_token, SEE), (self._token, ACT)):
            if hmac.compare_digest(plain, token.encode()) and token:
                role = opens
        return role
