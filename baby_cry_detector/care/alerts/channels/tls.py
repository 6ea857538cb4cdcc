# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a channel believes over TLS."""

from pathlib import Path
import ssl


def tls_context(ca_file: str, parameter: str) -> ssl.SSLContext:
    """
    Return what checks certificates and the host's name in them.

    :param ca_file: certificates of the only authorities that count; '' for the system's.
    :param parameter: what named the file.
    :raises ValueError: if it holds no certificate; names the parameter.
    """
    try:
        path = Path(ca_file).expanduser() if ca_file else None
        if path is not None and path.exists() and not path.is_file():
            raise ValueError('no file')               # a pipe would be waited for
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        why = 'no certificate (PEM) is in it, or a damaged one'
    except OSError as error:
        why = str(error.strerror)
    except (ValueError, RuntimeError) as error:
        why = str(error)
    raise ValueError(f'{parameter}: {ca_file}: {why}')
