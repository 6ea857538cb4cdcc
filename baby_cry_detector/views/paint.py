# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Strokes with NumPy: curves, areas and colour maps with soft edges; text with Pillow."""

from functools import lru_cache
from typing import Any, Optional

import numpy as np

# Matplotlib's magma at nine points: even in lightness, safe for colour-blind eyes.
MAGMA = ('#000004', '#1d1147', '#51127c', '#832681', '#b73779', '#e75263', '#fc8961', '#fec488',
         '#fcfdbf')


def rgb(colour: str) -> np.ndarray:
    """Return ``#rrggbb`` as (3,) float32, 0 to 255."""
    return np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)], np.float32)


@lru_cache(maxsize=None)
def colour_map(name: str, paper: str) -> np.ndarray:
    """Return 256 colours (256, 3) uint8: ``magma``, or ``paper``, from the paper to dark."""
    if name == 'magma':
        points = np.array([rgb(colour) for colour in MAGMA])
    else:
        points = np.array([rgb(colour) for colour in (
            paper, '#f3d9c0', '#f0ab7a', '#dc6f5a', '#a83468', '#641a68', '#250a47')])
    at = np.linspace(0, len(points) - 1, 256)
    return np.stack([np.interp(at, np.arange(len(points)), points[:, i])
                     for i in range(3)], axis=1).astype(np.uint8)


def blend(area: np.ndarray, cover: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour over an area (h, w, 3) uint8 where ``cover`` (h, w) says how much, 0 to 1."""
    cover = cover[..., None].astype(np.float32)
    area[:] = (area + cover * (np.asarray(colour, np.float32) - area) + 0.5).astype(np.uint8)


def fill_below(area: np.ndarray, top: np.ndarray, colour: np.ndarray,
               share: float = 1.0) -> None:
    """Fill from ``top`` (w,) in rows down to the bottom; NaN columns stay empty."""
    rows = np.arange(area.shape[0], dtype=np.float32)[:, None]
    cover = np.clip(rows + 1.0 - np.nan_to_num(top, nan=np.inf)[None, :], 0.0, 1.0)
    blend(area, cover * share, colour)


def fill_between(area: np.ndarray, top: np.ndarray, bottom: np.ndarray,
                 colour: np.ndarray) -> None:
    """Fill between two rows of each column, (w,) each; NaN columns stay empty."""
    rows = np.arange(area.shape[0], dtype=np.float32)[:, None]
    top, bottom = np.nan_to_num(top, nan=np.inf), np.nan_to_num(bottom, nan=-np.inf)
    cover = np.minimum(np.clip(rows + 1.0 - top, 0.0, 1.0), np.clip(bottom + 1.0 - rows, 0.0, 1.0))
    blend(area, cover, colour)


def curve(area: np.ndarray, row: np.ndarray, colour: np.ndarray, width: float = 1.5,
          longest_jump: float = np.inf) -> None:
    """
    Draw a curve through ``row`` (w,), one value a column; it breaks at NaN and at long jumps.

    :param area: (h, w, 3) uint8.
    :param width: in pixels.
    :param longest_jump: rows between neighbours beyond which they are not joined.
    """
    low, high = row.copy(), row.copy()
    middle = 0.5 * (row[1:] + row[:-1])
    middle[np.abs(row[1:] - row[:-1]) > longest_jump] = np.nan
    low[1:], high[1:] = np.fmin(low[1:], middle), np.fmax(high[1:], middle)
    low[:-1], high[:-1] = np.fmin(low[:-1], middle), np.fmax(high[:-1], middle)
    low[np.isnan(row)] = high[np.isnan(row)] = np.nan
    rows = np.arange(area.shape[0], dtype=np.float32)[:, None]
    low, high = np.nan_to_num(low, nan=np.inf), np.nan_to_num(high, nan=-np.inf)
    distance = np.maximum(np.maximum(low - rows, rows - high), 0.0)
    blend(area, np.clip(0.5 * width + 0.5 - distance, 0.0, 1.0), colour)


def dashes(area: np.ndarray, row: float, colour: np.ndarray, on: int = 6, off: int = 4,
           width: int = 1) -> None:
    """Draw a dashed horizontal line."""
    top = int(round(np.clip(row, 0, area.shape[0] - width)))
    line = np.arange(area.shape[1]) % (on + off) < on
    area[top:top + width, line] = colour


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    from PIL import ImageFont
    try:
        return ImageFont.truetype('DejaVuSans.ttf', size)
    except OSError:
        pass
    try:
        return ImageFont.load_default(size)
    except TypeError:          # before Pillow 10.1 it has one size
        return ImageFont.load_default()


@lru_cache(maxsize=2000)
def text_cover(text: str, size: int) -> np.ndarray:
    """
    Return how much a line of text covers each pixel, (h, w) float32, 0 to 1.

    The height is that of the font's tallest letters, so that lines of one size fit together.

    :raises ImportError: without Pillow.
    """
    from PIL import Image, ImageDraw
    font = _font(size)
    left, _, right, _ = font.getbbox(text) if text else (0, 0, 1, 1)
    _, top, _, bottom = font.getbbox('Mg')
    image = Image.new('L', (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return np.asarray(image, np.float32) / 255.0


def write(canvas: np.ndarray, x: float, y: float, text: str, colour: np.ndarray,
          size: int = 11, align: str = 'left', halo: Optional[np.ndarray] = None) -> int:
    """
    Write a line of text on a canvas (H, W, 3) uint8; what does not fit is cut off.

    :param x: left edge, centre or right edge, as ``align`` says.
    :param y: middle of the line.
    :param halo: colour of a border of one pixel, for text on a picture.
    :return: its width in pixels.
    """
    cover = text_cover(text, size)
    height, width = cover.shape[0], int(cover.shape[1])
    x = int(round(x - {'left': 0.0, 'centre': 0.5, 'right': 1.0}[align] * width))
    y = int(round(y - 0.5 * height))
    if halo is not None:
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            _lay(canvas, x + dx, y + dy, cover, halo)
    _lay(canvas, x, y, cover, colour)
    return width


def _lay(canvas: np.ndarray, x: int, y: int, cover: np.ndarray, colour: np.ndarray) -> None:
    height, width = cover.shape
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(canvas.shape[1], x + width), min(canvas.shape[0], y + height)
    if x1 > x0 and y1 > y0:
        blend(canvas[y0:y1, x0:x1], cover[y0 - y:y1 - y, x0 - x:x1 - x], colour)
