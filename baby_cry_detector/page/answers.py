# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How the page's server reads a request's body and answers in JSON."""

import asyncio
import json
from typing import Any, Dict

from aiohttp import web
from baby_cry_detector.page.inputs import InputError, LONGEST_BODY, parse_body

SLOW_S = 5.0     # for a body to arrive


def as_json(value: object) -> str:
    """Return JSON in the smallest form; ValueError if there is something it has no name for."""
    return json.dumps(value, separators=(',', ':'), allow_nan=False)


async def read_body(request: web.Request) -> Dict[str, Any]:
    """
    Return the JSON object that was sent.

    :raises InputError: if it is none, too long, or does not arrive.
    """
    try:
        return parse_body(await asyncio.wait_for(request.read(), SLOW_S))
    except asyncio.TimeoutError:
        raise InputError('the request did not arrive') from None
    except web.HTTPRequestEntityTooLarge:
        raise InputError(f'at most {LONGEST_BODY} bytes are read') from None


def json_answer(text: str, status: int = 200) -> web.Response:
    """Return an answer of JSON that nobody keeps."""
    return web.Response(text=text, content_type='application/json', status=status,
                        headers={'Cache-Control': 'no-store'})


def sentence(status: int, message: str) -> web.Response:
    """Return an answer in one sentence."""
    return json_answer(as_json({'ok': status == 200, 'message': message}), status)
