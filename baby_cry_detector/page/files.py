# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a site is: a browser's files, what it may ask for; and the headers of every answer."""

from pathlib import Path
from typing import Dict, NamedTuple, Tuple

from baby_cry_detector.page.inputs import ACTIONS, Fields, WARD_ACTIONS

ASSETS = Path(__file__).parent / 'assets'
SHARED = {f'/{name}': (name, kind) for name, kind in (
    ('link.js', 'text/javascript'), ('page.css', 'text/css'), ('phones.js', 'text/javascript'),
    ('words.js', 'text/javascript'), ('icon.svg', 'image/svg+xml'),
    ('icon-192.png', 'image/png'), ('icon-512.png', 'image/png'))}
FILES = {
    '/': ('index.html', 'text/html'),
    '/learnt.js': ('learnt.js', 'text/javascript'),
    '/page.js': ('page.js', 'text/javascript'),
    '/timeline.js': ('timeline.js', 'text/javascript'),
    '/sw.js': ('sw.js', 'text/javascript'),
    '/manifest.webmanifest': ('manifest.webmanifest', 'application/manifest+json'),
    **SHARED,
}
WARD_FILES = {
    '/': ('ward.html', 'text/html'),
    '/ward.js': ('ward.js', 'text/javascript'),
    '/ward.css': ('ward.css', 'text/css'),
    **SHARED,
}


class Site(NamedTuple):
    """What a server serves: files by path, actions and their fields, whether it has a diary."""

    files: Dict[str, Tuple[str, str]]
    actions: Dict[str, Fields]
    has_history: bool


CRIB = Site(FILES, ACTIONS, True)
WARD = Site(WARD_FILES, WARD_ACTIONS, False)

HEADERS = {
    'Server': 'caregiver_page',
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
}


def read_files(site: Site = CRIB) -> Dict[str, Tuple[bytes, str]]:
    """Return ``{path: (bytes, media type)}``."""
    return {path: ((ASSETS / name).read_bytes(), kind)
            for path, (name, kind) in site.files.items()}
