# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The picture: spectrogram with F0, level, cry probability with thresholds, needs, episodes.

One layout for the live image and for a recording's plot. Time runs to the right in all panels;
colours differ in lightness too, and nothing is told by colour alone.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from baby_cry_detector.features.stages.mel import hz_to_mel
from baby_cry_detector.units import SECOND_NS
from baby_cry_detector.views import paint
from baby_cry_detector.views.history import BANDS, HIGHEST_HZ, History, LOWEST_HZ
import numpy as np

# One value, or many: what comes out has the same shape.
Values = Union[float, np.ndarray]
QUIETEST_DBFS = -80.0
# Range of the spectrogram: from this far below its loudest to the loudest.
SHOWN_DB, LEAST_TOP_DB = 62.0, -45.0
# F0 of what is less periodic is no voice's.
LEAST_VOICING = 0.6


@dataclass(frozen=True)
class Theme:
    """Colours of a picture."""

    paper: str
    panel: str
    ink: str
    dim: str
    grid: str
    cry: str
    cry_soft: str
    level: str
    pitch: str
    pitch_edge: str
    spectrogram: str


THEMES = {
    'dark': Theme('#12161d', '#0a0d12', '#e9edf3', '#98a3b3', '#2b3442', '#ff9a3c', '#7a4a1e',
                  '#56b4e9', '#7ff0ff', '#06222c', 'magma'),
    'light': Theme('#ffffff', '#f6f8fa', '#16202e', '#566375', '#d3dae3', '#c84e00', '#f2b88f',
                   '#0072b2', '#004c8c', '#ffffff', 'light'),
}


@dataclass
class Now:
    """
    What the head of the picture says.

    :param title: the crib or the recording.
    :param state: ``no crying``, ``CRYING``, ``no audio`` …
    :param details: what follows in smaller letters.
    :param clock: at the right, for example the time of day.
    :param crying: whether the state is shown as such.
    """

    title: str = ''
    state: str = ''
    details: str = ''
    clock: str = ''
    crying: bool = False


@dataclass
class Limits:
    """Thresholds of the decision, where known; probabilities from 0 to 1."""

    enter: Optional[float] = None
    leave: Optional[float] = None


@dataclass
class Extras:
    """
    What only a recording's plot has.

    :param notes: lines under the picture: what was decided when, and why.
    :param marks: (time_s, label) of moments that the notes speak of.
    :param waveform: whether to show it.
    """

    notes: Sequence[str] = ()
    marks: Sequence[Tuple[float, str]] = ()
    waveform: bool = False


@dataclass
class _Panel:
    name: str
    top: int
    height: int


@dataclass
class Picture:
    """
    Draws `History` objects; keeps the parts that do not change.

    :param width: in pixels.
    :param height: in pixels.
    :param theme: ``dark`` or ``light``.
    :param scale: of letters and lines; 1 is for 640 × 360.
    """

    width: int = 640
    height: int = 360
    theme: str = 'dark'
    scale: float = 1.0
    _still: Dict[str, Any] = field(default_factory=dict)

    def draw(self, history: History, now: Now, limits: Limits, start_s: Optional[float] = None,
             extras: Extras = Extras()) -> np.ndarray:
        """
        Return the picture, (height, width, 3) uint8, RGB.

        :param start_s: time of the left edge as it is written at the axis; ``None`` counts back
            from now.
        """
        theme = THEMES[self.theme]
        panels = self._panels(len(history.labels) - 1, extras)
        canvas: np.ndarray = self._background(history, panels, limits, start_s).copy()
        left, right = self._sides()
        index = np.minimum((np.arange(right - left) * history.columns) // (right - left),
                           history.columns - 1)
        for panel in panels:
            area = canvas[panel.top:panel.top + panel.height, left:right]
            getattr(self, f'_draw_{panel.name}')(area, history, index, limits, theme)
        self._head(canvas, now, theme)
        self._marks(canvas, panels, history, extras, start_s, theme)
        for row, note in enumerate(extras.notes):
            y = panels[-1].top + panels[-1].height + self._px(34 + 14.5 * row)
            paint.write(canvas, self._px(10), y, note, paint.rgb(theme.ink), self._px(10))
        return canvas

    # --- layout ----------------------------------------------------------------------------------
    def _px(self, size: float) -> int:
        return max(1, int(round(size * self.scale)))

    def _sides(self) -> Tuple[int, int]:
        return self._px(66), self.width - self._px(54)

    def _panels(self, needs: int, extras: Extras) -> List[_Panel]:
        """Share the height out; the spectrogram takes what is left."""
        px = self._px
        wanted = [('spectrogram', 0), ('level', px(40)), ('cry', px(64))]
        if extras.waveform:
            wanted.insert(0, ('waveform', px(40)))
        if needs > 0:
            wanted.append(('needs', px(11) * needs))
        wanted.append(('episodes', px(15)))
        gap, head, foot = px(5), px(32), px(19)
        foot += px(12 + 14.5 * len(extras.notes)) if extras.notes else 0
        rest = self.height - head - foot - sum(height for _, height in wanted)
        rest -= gap * (len(wanted) - 1)
        panels, top = [], head
        for name, height in wanted:
            height = height or max(px(40), rest)
            panels.append(_Panel(name, top, height))
            top += height + gap
        return panels

    def _background(self, history: History, panels: List[_Panel], limits: Limits,
                    start_s: Optional[float]) -> np.ndarray:
        """Return paper, axes and labels; drawn again only where something of it changed."""
        key = (tuple((p.name, p.top, p.height) for p in panels), tuple(history.labels),
               limits.enter, limits.leave, start_s, history.columns, history.column_ns)
        if self._still.get('key') == key:
            still: np.ndarray = self._still['canvas']
            return still
        theme = THEMES[self.theme]
        canvas = np.empty((self.height, self.width, 3), np.uint8)
        canvas[:] = paint.rgb(theme.paper)
        left, right = self._sides()
        for panel in panels:
            canvas[panel.top:panel.top + panel.height, left:right] = paint.rgb(theme.panel)
            self._label(canvas, panel, history, limits, theme)
        self._time_axis(canvas, panels, history, start_s, theme)
        self._still = {'key': key, 'canvas': canvas}
        return canvas

    def _label(self, canvas: np.ndarray, panel: _Panel, history: History, limits: Limits,
               theme: Theme) -> None:
        px, (left, right) = self._px, self._sides()
        ink, dim = paint.rgb(theme.ink), paint.rgb(theme.dim)
        titles = {'spectrogram': ('sound', 'and F0'), 'level': ('level', 'dBFS'),
                  'cry': ('cry', 'probability'), 'episodes': ('episodes',),
                  'waveform': ('waveform',)}
        middle = panel.top + panel.height / 2
        if panel.name == 'needs':
            for row, label in enumerate(history.labels[1:]):
                y = panel.top + (row + 0.5) * panel.height / (len(history.labels) - 1)
                paint.write(canvas, left - px(5), y, label.replace('_', ' '), ink, px(9), 'right')
            paint.write(canvas, right + px(4), panel.top + px(5), 'needs', dim, px(9))
            paint.write(canvas, right + px(4), panel.top + px(16), 'grey: not', dim, px(9))
            paint.write(canvas, right + px(4), panel.top + px(26), 'named', dim, px(9))
            return
        lines = titles[panel.name]
        for row, line in enumerate(lines):
            y = middle + (row - (len(lines) - 1) / 2) * px(12)
            paint.write(canvas, left - px(5), y, line, ink if row == 0 else dim,
                        px(10 if row == 0 else 9), 'right')
        x = right + px(4)
        if panel.name == 'spectrogram':
            for hz in (250, 500, 1000, 2000, 4000):
                y = panel.top + mel_row(hz, panel.height)
                text = f'{hz / 1000:g} kHz' if hz >= 1000 else f'{hz} Hz'
                paint.write(canvas, x, y, text, dim, px(9))
        elif panel.name == 'level':
            for level in (-60, -40, -20):
                y = panel.top + level_row(level, panel.height)
                paint.write(canvas, x, y, str(level), dim, px(9))
        elif panel.name == 'cry':
            for name, value in (('enter', limits.enter), ('leave', limits.leave)):
                if value is not None:
                    y = panel.top + probability_row(value, panel.height)
                    paint.write(canvas, x, y, f'{name} {value:.2f}'.replace(' 0.', ' .'), dim,
                                px(9))

    def _time_axis(self, canvas: np.ndarray, panels: List[_Panel], history: History,
                   start_s: Optional[float], theme: Theme) -> None:
        px, (left, right) = self._px, self._sides()
        seconds = history.columns * history.column_ns / SECOND_NS
        bottom = panels[-1].top + panels[-1].height
        step = next((step for step in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
                     if seconds / step <= 8), 7200)
        live = start_s is None
        first_s = -seconds if start_s is None else start_s
        # Counted back from now the axis ends at 0.
        number = int(np.ceil(first_s / step - 1e-6))
        while number * step <= first_s + seconds + 1e-6:
            at_s = number * step
            x = left + (at_s - first_s) / seconds * (right - left)
            text = 'now' if live and number == 0 else (
                f'{at_s:g} s'.replace('-', '\N{MINUS SIGN}') if step < 60 or live
                else f'{int(at_s // 60)}:{int(at_s % 60):02d}')
            paint.write(canvas, min(max(x, left + px(8)), right - px(4)), bottom + px(10), text,
                        paint.rgb(theme.dim), px(9), 'centre')
            column = min(int(x), right - 1)
            canvas[bottom:bottom + px(3), column] = paint.rgb(theme.dim)
            for panel in panels:
                if panel.name != 'spectrogram':
                    canvas[panel.top:panel.top + panel.height, column] = paint.rgb(theme.grid)
            number += 1

    # --- panels ----------------------------------------------------------------------------------
    def _head(self, canvas: np.ndarray, now: Now, theme: Theme) -> None:
        px = self._px
        y = px(16)
        colour = paint.rgb(theme.cry if now.crying else theme.ink)
        x = px(10)
        if now.crying:
            canvas[y - px(10):y + px(10), x:x + px(5)] = colour
            x += px(11)
        x += paint.write(canvas, x, y, now.state, colour, px(16)) + px(10)
        paint.write(canvas, x, y + px(1), now.details, paint.rgb(theme.ink), px(11))
        end = self.width - px(8)
        end -= paint.write(canvas, end, y, now.clock, paint.rgb(theme.dim), px(10), 'right')
        paint.write(canvas, end - px(8), y, now.title, paint.rgb(theme.dim), px(10), 'right')

    def _marks(self, canvas: np.ndarray, panels: List[_Panel], history: History, extras: Extras,
               start_s: Optional[float], theme: Theme) -> None:
        left, right = self._sides()
        seconds = history.columns * history.column_ns / SECOND_NS
        cry = next((panel for panel in panels if panel.name == 'cry'), None)
        taken = -1e9
        for at_s, label in extras.marks:
            x = left + (at_s - (start_s or 0.0)) / seconds * (right - left)
            if not left <= x < right:
                continue
            canvas[panels[0].top:panels[-1].top + panels[-1].height, int(x)] = (
                0.5 * canvas[panels[0].top:panels[-1].top + panels[-1].height, int(x)]
                + 0.5 * paint.rgb(theme.ink)).astype(np.uint8)
            if cry is not None and x - taken > self._px(13):
                paint.write(canvas, x + self._px(2), cry.top + self._px(6), label,
                            paint.rgb(theme.ink), self._px(9), halo=paint.rgb(theme.panel))
                taken = x

    def _draw_spectrogram(self, area: np.ndarray, history: History, index: np.ndarray,
                          limits: Limits, theme: Theme) -> None:
        power = history.ordered('power')
        decibels = 10.0 * np.log10(np.maximum(power, 1e-12))
        heard = np.isfinite(power[:, 0])
        if heard.any():
            top = max(LEAST_TOP_DB, float(np.nanpercentile(decibels[heard], 99.8)))
            shade = np.nan_to_num((decibels - (top - SHOWN_DB)) / SHOWN_DB)
            shade = (255 * np.clip(shade, 0.0, 1.0)).astype(np.uint8)
            rows = (BANDS - 1 - np.arange(area.shape[0]) * BANDS // area.shape[0])
            columns = index[heard[index]]
            colours = paint.colour_map(theme.spectrogram, theme.panel)
            area[:, heard[index]] = colours[shade[columns][:, rows].T]
        f0 = np.where(history.ordered('voicing') >= LEAST_VOICING, history.ordered('f0'),
                      np.nan)[index]
        rows = mel_row(f0, area.shape[0])
        jump = area.shape[0] * 0.12
        paint.curve(area, rows, paint.rgb(theme.pitch_edge), 4.0 * self.scale, jump)
        paint.curve(area, rows, paint.rgb(theme.pitch), 1.7 * self.scale, jump)

    def _draw_waveform(self, area: np.ndarray, history: History, index: np.ndarray,
                       limits: Limits, theme: Theme) -> None:
        low, high = history.ordered('low')[index], history.ordered('high')[index]
        if np.isfinite(high).any():
            limit = max(1e-3, float(np.nanmax(np.maximum(np.abs(low), np.abs(high)))))
            half = 0.5 * (area.shape[0] - 1)
            paint.fill_between(area, half - half * high / limit, half - half * low / limit,
                               paint.rgb(theme.level))

    def _draw_level(self, area: np.ndarray, history: History, index: np.ndarray,
                    limits: Limits, theme: Theme) -> None:
        for level in (-60, -40, -20):
            paint.dashes(area, level_row(level, area.shape[0]), paint.rgb(theme.grid), 2, 4)
        row = level_row(history.ordered('level')[index], area.shape[0])
        paint.fill_below(area, row, paint.rgb(theme.level), 0.35)
        paint.curve(area, row, paint.rgb(theme.level), 1.5 * self.scale)

    def _draw_cry(self, area: np.ndarray, history: History, index: np.ndarray,
                  limits: Limits, theme: Theme) -> None:
        height = area.shape[0]
        idle = history.ordered('idle')[index] > 0.5
        if idle.any():                         # hatched: nothing was heard
            hatch = (np.arange(height)[:, None] + np.arange(len(idle))) % 6 < 2
            area[hatch & idle] = paint.rgb(theme.grid)
        probability = history.ordered('probability')[index]
        row = probability_row(probability, height)
        crying = history.ordered('crying')[index] > 0.5
        paint.fill_below(area, np.where(crying, row, np.nan), paint.rgb(theme.cry), 0.45)
        paint.fill_below(area, np.where(crying, np.nan, row), paint.rgb(theme.dim), 0.35)
        for value, (on, off) in ((limits.enter, (9, 3)), (limits.leave, (3, 4))):
            if value is not None:
                paint.dashes(area, probability_row(value, height), paint.rgb(theme.dim),
                             self._px(on), self._px(off), self._px(1))
        paint.curve(area, row, paint.rgb(theme.ink), 1.6 * self.scale)

    def _draw_needs(self, area: np.ndarray, history: History, index: np.ndarray,
                    limits: Limits, theme: Theme) -> None:
        needs = history.ordered('needs')[index]
        count = needs.shape[1]
        ground = paint.rgb(theme.panel)
        likeliest = np.argmax(np.nan_to_num(needs), axis=1)
        named = history.ordered('named')[index] > 0.5
        for row in range(count):
            top, bottom = (area.shape[0] * n // count for n in (row, row + 1))
            value = np.nan_to_num(needs[:, row])[:, None]
            # Grey is what the network leans to; colour is only for a need that is named.
            full = np.where((named & (likeliest == row))[:, None], paint.rgb(theme.cry),
                            paint.rgb(theme.dim))
            area[top:bottom - 1] = (ground + value * (full - ground)).astype(np.uint8)
            area[bottom - 1] = paint.rgb(theme.grid)

    def _draw_episodes(self, area: np.ndarray, history: History, index: np.ndarray,
                       limits: Limits, theme: Theme) -> None:
        if history.end_ns is None:
            return
        begin_ns = history.end_ns - history.columns * history.column_ns
        width = area.shape[1]

        def x_of(stamp_ns: int) -> int:
            share = (stamp_ns - begin_ns) / (history.columns * history.column_ns)
            return int(np.clip(round(share * width), 0, width))

        for number, episode in sorted(history.episodes.items()):
            start, end, held = (x_of(episode[name]) for name in ('onset_ns', 'end_ns', 'held_ns'))
            area[2:-2, start:held] = paint.rgb(theme.cry_soft)
            area[2:-2, start:end] = paint.rgb(theme.cry)
            seconds = max(0, episode['end_ns'] - episode['onset_ns']) / SECOND_NS
            text = f'{number}: {seconds:.1f} s'
            if episode['need']:
                text += f', {episode["need"]}'
            size = self._px(9)
            room = end - start - 2 * self._px(3)
            if paint.text_cover(text, size).shape[1] > room:
                text = str(number)
            if paint.text_cover(text, size).shape[1] <= room:
                paint.write(area, start + self._px(3), area.shape[0] / 2, text,
                            paint.rgb(theme.paper), size)


def mel_row(hz: Values, height: int) -> Any:
    """Return the row (0 is the top) of a frequency in a spectrogram of that height."""
    low, high = hz_to_mel(LOWEST_HZ), hz_to_mel(HIGHEST_HZ)
    return (1.0 - (hz_to_mel(hz) - low) / (high - low)) * height


def level_row(level_dbfs: Values, height: int) -> Any:
    """Return the row of a level."""
    return np.clip(np.asarray(level_dbfs, float) / QUIETEST_DBFS, 0.0, 1.0) * (height - 1)


def probability_row(probability: Values, height: int) -> Any:
    """Return the row of a probability; a little room is left above 1."""
    return (1.04 - np.asarray(probability, float)) / 1.06 * (height - 1)
