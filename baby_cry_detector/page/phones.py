# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The phones that have shown the token: a cookie each, so that one can be shut out alone.

Of a cookie only the digest is kept. One that is not used for `UNUSED_S` opens nothing any more; a
use never becomes earlier, for a machine without a battery starts in 1970 each time. Pure but for
`PhoneFile`; the time comes in, in seconds of the day's clock.
"""

from dataclasses import asdict, dataclass
import hashlib
import hmac
import os
from pathlib import Path
import re
import secrets
from typing import Any, Dict, List, Optional

from baby_cry_detector.care.diary.clock import FIRST_NS
from baby_cry_detector.kept_files import open_anew, open_to_read
from baby_cry_detector.kept_state import LARGEST_BYTES, read_document, write_document
from baby_cry_detector.page.access import ACT, ROLES
from baby_cry_detector.page.state import clean_text
from baby_cry_detector.units import SECOND_NS

UNUSED_S = 90 * 86_400
MOST_PHONES = 50
# When it was used is written down this often, not with every request.
USE_PERIOD_S = 3600
LONGEST_NAME = 40
KINDS = (('iPad', 'iPad'), ('iPhone', 'iPhone'), ('Android', 'Android phone'),
         ('CrOS', 'Chromebook'), ('Windows', 'Windows computer'), ('Macintosh', 'Mac'),
         ('Linux', 'Linux computer'))
BROWSERS = ('Firefox', 'Edg', 'Chrome', 'Safari')


@dataclass
class Phone:
    """One phone; ``digest`` is of its cookie, times in seconds since 1970; see `access.ROLES`."""

    digest: str
    name: str
    since_s: float
    used_s: float
    role: str = ACT


def name_of_phone(agent: str, typed: str = '') -> str:
    """Return what a phone is called: what was typed, and what its browser says it is."""
    kind = next((name for mark, name in KINDS if mark in agent), 'browser')
    browser = next((name for name in BROWSERS if name in agent), '')
    browser = {'Edg': 'Edge'}.get(browser, browser)
    what = f'{kind}, {browser}' if browser else kind
    typed = clean_text(typed, LONGEST_NAME)
    return f'{typed} ({what})' if typed else what


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode('utf-8', 'replace')).hexdigest()


class Phones:
    """
    Who may see the page.

    :param token: what they have shown; phones that have shown something else are not known.
    """

    def __init__(self, token: str):
        """Know nobody."""
        self._seal = hmac.new(token.encode(), b'phones 1', hashlib.sha256).hexdigest()
        self._phones: Dict[str, Phone] = {}
        self.changed = False

    def add(self, name: str, now_s: float, role: str = ACT) -> str:
        """Return the cookie of a phone that has shown the token."""
        cookie, identity = secrets.token_urlsafe(32), secrets.token_hex(8)
        while len(self._phones) >= MOST_PHONES:
            del self._phones[min(self._phones, key=lambda one: self._phones[one].used_s)]
        now_s = max([now_s, *(phone.used_s for phone in self._phones.values())])
        self._phones[identity] = Phone(_digest(cookie), clean_text(name, 2 * LONGEST_NAME),
                                       now_s, now_s, role)
        self.changed = True
        return cookie

    def find(self, cookie: Optional[str], now_s: float) -> str:
        """Return the name (an id) of the phone that has the cookie; '' if nobody has."""
        digest, found = _digest(cookie or ''), ''
        for identity, phone in self._phones.items():
            if hmac.compare_digest(phone.digest, digest):
                found = identity
        if not found or not self._is_in_use(self._phones[found], now_s):
            return ''
        phone = self._phones[found]
        if now_s - phone.used_s >= USE_PERIOD_S:
            phone.used_s, self.changed = now_s, True
        return found

    def role(self, identity: str) -> str:
        """Return what a phone may do, '' if nobody knows it."""
        return self._phones[identity].role if identity in self._phones else ''

    @staticmethod
    def _is_in_use(phone: Phone, now_s: float) -> bool:
        # Of one that came before this program did, nobody knows when.
        return phone.used_s < FIRST_NS / SECOND_NS or now_s - phone.used_s < UNUSED_S

    def listed(self, now_s: float, own: str = '') -> List[Dict[str, Any]]:
        """Return those that may see the page, the newest use first; ``own`` is who asks."""
        return [{'id': identity, 'name': phone.name, 'since_ms': round(1e3 * phone.since_s),
                 'used_ms': round(1e3 * phone.used_s), 'own': identity == own, 'role': phone.role}
                for identity, phone in sorted(self._phones.items(),
                                              key=lambda pair: -pair[1].used_s)
                if self._is_in_use(phone, now_s)]

    def forget(self, identity: str) -> bool:
        """Shut a phone out; return whether there was one."""
        found = self._phones.pop(identity, None) is not None
        self.changed = self.changed or found
        return found

    def to_document(self) -> Dict[str, Any]:
        """Return what has to outlive a restart."""
        return {'seal': self._seal, 'phones': {
            identity: asdict(phone) for identity, phone in self._phones.items()}}

    def resume(self, document: Dict[str, Any]) -> None:
        """
        Know those again that a process before this one knew, if the token is the same.

        :raises ValueError: if the document makes no sense; nobody is known then.
        """
        try:
            if not hmac.compare_digest(str(document['seal']), self._seal):
                return                  # the token was replaced: every phone has to show it
            phones = {str(identity): Phone(**phone)
                      for identity, phone in document['phones'].items()}
            if len(phones) > MOST_PHONES or not all(
                    isinstance(one.name, str) and re.fullmatch('[0-9a-f]{64}', one.digest)
                    and re.fullmatch('[0-9a-f]{16}', identity) and one.role in ROLES
                    and all(type(value) in (int, float) for value in (one.since_s, one.used_s))
                    for identity, one in phones.items()):
                raise ValueError('other fields than those of a phone')
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f'no list of phones: {type(error).__name__}') from None
        for phone in phones.values():
            phone.name = clean_text(phone.name, 2 * LONGEST_NAME)
        self._phones = phones


class PhoneFile:
    """
    Keeps the phones in a file beside the token's, readable by its owner only.

    :param path: of the file.
    """

    def __init__(self, path: Path):
        """Open nothing."""
        self.path = path

    def read(self, phones: Phones) -> None:
        """Put what is kept into ``phones``; ValueError if that makes no sense (set aside)."""
        try:
            with open_to_read(self.path) as file:
                phones.resume(read_document(file.read(LARGEST_BYTES + 1)))
        except FileNotFoundError:
            return
        except ValueError as error:
            os.replace(self.path, f'{self.path}.bad')
            raise ValueError(f'{self.path}: {error}; every phone has to show the token again'
                             ) from None

    def keep(self, document: Dict[str, Any]) -> None:
        """Write, in one step; OSError if that fails."""
        data = write_document(document)
        new = Path(f'{self.path}.new')
        with open(open_anew(new), 'wb') as file:
            file.write(data)
        os.replace(new, self.path)
