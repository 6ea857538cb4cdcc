# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The live picture: its size, and what is believed in the few words of its head."""

import time
from typing import Optional, Tuple

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import STATUS_WORDS
from baby_cry_detector.units import SECOND_NS, to_s
from baby_cry_detector.views.history import History
from baby_cry_detector.views.picture import Limits, Now, Picture

SIDES_PIXELS = 120


def describe(said: CryState) -> Tuple[str, str]:
    """Return (state, details)."""
    if not said.is_heard:
        return STATUS_WORDS[said.status], said.status_reason
    if not said.crying:
        return 'no crying', ''
    why = (f'need {said.need_name.replace("_", " ")}, {said.confidence:.0%} sure'
           if said.is_need_named else 'need not clear')
    return (f'CRYING for {to_s(said.duration_ns):.0f} s',
            f'{why}, intensity {said.intensity:.2f}')


def head_of(said: Optional[CryState]) -> Now:
    """Return the head of a live picture; ``None`` where nothing says what is heard."""
    if said is None:
        return Now(state='no cry_classifier', details='nothing says what is heard')
    state, details = describe(said)
    clock = time.strftime('%H:%M:%S', time.localtime(said.stamp_ns // SECOND_NS))
    return Now(said.crib_id, state, details, clock, said.crying)


def live_picture(width: int, height: int, theme: str) -> Picture:
    """
    Return a picture of a size in pixels.

    :raises ValueError: where it can't be drawn.
    """
    picture = Picture(width, height, theme, min(width / 640, height / 360))
    try:
        picture.draw(History(1, SECOND_NS), Now(), Limits())
    except ImportError as error:
        raise ValueError('the picture needs Pillow: install python3-pil (apt) or pillow (pip) '
                         f'({error})') from None
    return picture


def live_history(picture: Picture, width: int, window_s: float) -> History:
    """Return what is shown in a picture of a width in pixels, with nothing heard yet."""
    columns = max(50, width - round(SIDES_PIXELS * picture.scale))
    return History(columns, round(window_s * SECOND_NS / columns))
