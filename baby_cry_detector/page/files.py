# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The files that a browser gets, and the headers that every answer has."""

from pathlib import Path

ASSETS = Path(__file__).parent / 'assets'
FILES = {
    '/': ('index.html', 'text/html'),
    '/learnt.js': ('learnt.js', 'text/javascript'),
    '/page.css': ('page.css', 'text/css'),
    '/page.js': ('page.js', 'text/javascript'),
    '/phones.js': ('phones.js', 'text/javascript'),
    '/timeline.js': ('timeline.js', 'text/javascript'),
    '/sw.js': ('sw.js', 'text/javascript'),
    '/manifest.webmanifest': ('manifest.webmanifest', 'application/manifest+json'),
    '/icon.svg': ('icon.svg', 'image/svg+xml'),
    '/icon-192.png': ('icon-192.png', 'image/png'),
    '/icon-512.png': ('icon-512.png', 'image/png'),
}

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


def read_files() -> dict:
    """Return ``{path: (bytes, media type)}``."""
    return {path: ((ASSETS / name).read_bytes(), kind) for path, (name, kind) in FILES.items()}
