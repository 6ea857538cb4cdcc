# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a channel believes over TLS."""

import ssl


def tls_context(ca_file: str, parameter: str) -> ssl.SSLContext:
    """
    Return what checks certificates and the host's name in them.

    :param ca_file: certificates of the only authorities that count; '' for the system's.
    :param parameter: what named the file.
    :raises ValueError: if it holds no certificate; names the parameter.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:               # of ssl too
        raise ValueError(f'{parameter}: {error}') from None
