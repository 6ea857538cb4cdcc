# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the detector hears, for a person at a terminal.

A live panel where standard output is a terminal, plain lines where it is not. Knows no ROS:
the caller passes the state in.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import groupby
import sys
import textwrap
from typing import Any, Dict, List, Optional

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import STATUS_NO_AUDIO, STATUS_WORDS
from baby_cry_detector.units import to_s
from baby_cry_detector.views.history import BANDS, LogMel
import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

BLOCKS = ' ▁▂▃▄▅▆▇█'
SHADES = ' ░▒▓█'
STRIP_ROWS = 5
STRIP_DB = 50.0                # from the loudest of the strip down to nothing
# Lightness tells as much as colour: magma, in the 256 colours that terminals have.
STRIP_COLOURS = (16, 17, 54, 90, 126, 162, 203, 209, 215, 222, 230)
COLUMN_S = 0.25
HISTORY = 170                  # columns that a wide terminal can show
QUIETEST_DBFS = -80.0
NO_BREAK = '\u00a0'            # holds together what stands between commas
NOTHING = CryState(status=STATUS_NO_AUDIO)


@dataclass
class ViewState:
    """
    What there is to show.

    :param cry: what is believed; ``None`` before the first word.
    :param start_ns: of the audio; what is shown counts from there.
    :param time_s: how much audio was heard.
    """

    cry: Optional[CryState] = None
    start_ns: int = 0
    time_s: float = 0.0
    level_dbfs: Optional[float] = None
    trouble: str = ''
    enter_threshold: Optional[float] = None
    health: Dict[str, str] = field(default_factory=dict)
    doing: Dict[str, str] = field(default_factory=dict)   # what behaviours do: motion, alert, ...
    news: str = ''                                        # what one of them did last

    @property
    def said(self) -> CryState:
        """Return what is believed; before the first word, that nothing arrives."""
        return self.cry or NOTHING

    @property
    def status(self) -> str:
        """Return whether it is heard, in words."""
        if self.cry is None:
            return 'waiting for audio'
        reason = f': {self.cry.status_reason}' if self.cry.status_reason else ''
        return f'{STATUS_WORDS[self.cry.status]}{reason}'

    @property
    def need(self) -> str:
        """Return the need in capitals."""
        return self.said.need.name

    @property
    def onset_s(self) -> float:
        """Return when the present or last episode began."""
        return to_s(self.said.onset_ns - self.start_ns)

    @property
    def duration_s(self) -> float:
        """Return how long it cried, to the newest crying: the one rule of duration."""
        return to_s(self.said.duration_ns)


def bar(fraction: float, width: int) -> str:
    """Return a bar of ``width`` characters, filled by ``fraction`` (0 to 1)."""
    filled = round(max(0.0, min(1.0, fraction)) * width)
    return '█' * filled + '░' * (width - filled)


def level_fraction(level_dbfs: Optional[float]) -> float:
    """Return where a level lies between the quietest shown (-80 dBFS) and full scale."""
    if level_dbfs is None:
        return 0.0
    return max(0.0, min(1.0, 1.0 - level_dbfs / QUIETEST_DBFS))


def level_text(level_dbfs: Optional[float]) -> str:
    """Return a level for reading."""
    return '—' if level_dbfs is None else f'{level_dbfs:.1f} dBFS'


def sparkline(fractions) -> str:
    """Return one block character per value (0 to 1)."""
    return ''.join(BLOCKS[round(max(0.0, min(1.0, value)) * (len(BLOCKS) - 1))]
                   for value in fractions)


class SoundStrip:
    """
    A small spectrogram of characters, one column each `COLUMN_S` of audio.

    :param columns: how many.
    """

    def __init__(self, columns: int = HISTORY) -> None:
        """Nothing has been heard yet."""
        self._columns = deque([np.zeros(BANDS)] * columns, columns)
        self._mel: Optional[LogMel] = None
        self._frames = 0

    def hear(self, samples: np.ndarray, sample_rate: int) -> None:
        """Take samples (n,), full scale is 1."""
        if self._mel is None or self._mel.sample_rate != sample_rate:
            self._mel = LogMel(sample_rate)
        for power in self._mel.process(samples):
            if self._frames % round(COLUMN_S * 100) == 0:
                self._columns.append(power)
            else:
                self._columns[-1] = np.maximum(self._columns[-1], power)
            self._frames += 1

    def shares(self, columns: int, rows: int) -> np.ndarray:
        """Return loudness (rows, columns), 0 to 1, the highest frequencies first."""
        power = np.array(list(self._columns)[-columns:])
        parts = np.array_split(np.arange(BANDS), rows)
        decibels = 10.0 * np.log10(np.maximum(
            np.stack([power[:, part].max(axis=1) for part in parts[::-1]]), 1e-12))
        top = max(-50.0, float(decibels.max()))
        return np.clip((decibels - (top - STRIP_DB)) / STRIP_DB, 0.0, 1.0)

    def text(self, columns: int, coloured: bool) -> Text:
        """Return `STRIP_ROWS` lines; in colour each holds two bands."""
        lines = []
        if not coloured:
            for row in self.shares(columns, STRIP_ROWS):
                lines.append(Text(''.join(SHADES[round(share * (len(SHADES) - 1))]
                                          for share in row)))
            return Text('\n').join(lines)
        number = len(STRIP_COLOURS) - 1
        colours = np.round(self.shares(columns, 2 * STRIP_ROWS) * number).astype(int)
        for upper, lower in zip(colours[::2], colours[1::2]):
            line = Text()
            # One run of equal cells is one change of colour: what goes over a slow line.
            for (above, below), cells in groupby(zip(upper, lower)):
                line.append('▀' * sum(1 for _ in cells), f'color({STRIP_COLOURS[above]}) on '
                            f'color({STRIP_COLOURS[below]})')
            lines.append(line)
        return Text('\n').join(lines)


def bar_with_mark(fraction: float, width: int, mark: Optional[float]) -> str:
    """Return a `bar` with a stroke where a threshold lies."""
    text = bar(fraction, width)
    if mark is None:
        return text
    at = min(width - 1, max(0, round(mark * width)))
    return f'{text[:at]}│{text[at + 1:]}'


def clock(seconds: float) -> str:
    """Return m:ss.t."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f'{int(minutes)}:{rest:04.1f}'


def fitted(text: str, room: int, most_lines: int = 2) -> str:
    """
    Return text on a few lines of ``room`` characters, without what there is no room for.

    Neither a word nor a figure is cut; what stands between commas stays together if it can.
    """
    indent = ' ' * (len(text) - len(text.lstrip()))
    pieces = [piece.replace(' ', NO_BREAK) if len(piece) < room else piece
              for piece in text.lstrip().split(', ')]
    lines = textwrap.wrap(', '.join(pieces), room, max_lines=most_lines, placeholder=' …',
                          initial_indent=indent, break_on_hyphens=False, break_long_words=False)
    return '\n'.join(lines).replace(NO_BREAK, ' ')


class TerminalView:
    """
    Shows `ViewState`s; use as a context manager.

    :param title: what is listened to.
    :param output: where to write; a panel if it is a terminal, else a line per change and second.
    :param live: False for lines in a terminal too.
    """

    def __init__(self, title: str, output=None, live: bool = True):
        """Prepare; nothing is written yet."""
        self.title = title
        # What others wrote is text, never rich's markup.
        self.console = Console(file=output or sys.stdout, highlight=False, markup=False,
                               emoji=False)
        self.episodes: List[Any] = []
        self._levels = deque([0.0] * HISTORY, HISTORY)
        self._probabilities = deque([0.0] * HISTORY, HISTORY)
        self._state = ViewState()
        self._last_column_s = self._last_line_s = -1.0
        self._last_line = None
        self._live = None
        self.sound = SoundStrip()
        # A panel needs a terminal that can go back, and block characters.
        self.is_live = (live and self.console.is_terminal and not self.console.is_dumb_terminal
                        and self.console.encoding.lower().startswith('utf'))

    def __enter__(self):
        """Start the panel."""
        if self.is_live:
            self._live = Live(self._panel(), console=self.console, auto_refresh=False,
                              redirect_stdout=False, redirect_stderr=True)
            self._live.start()
        else:
            self.console.print(self.title)
        return self

    def __exit__(self, *exception):
        """Leave the last picture standing and say what was heard."""
        if self._live is not None:
            self._live.stop()
        self.console.print(self.summary())

    def summary(self) -> str:
        """Return one sentence on what was heard."""
        heard = f'{clock(self._state.time_s)} of audio'
        if not self.episodes:
            return f'Heard {heard}: no crying.'
        listed = ', '.join(f'at {clock(start)} for {duration:.1f} s'
                           for _, start, duration, _ in self.episodes)
        return f'Heard {heard}: crying {listed}.'

    def update(self, state: ViewState) -> None:
        """Show a new state."""
        previous, self._state = self._state, state
        if state.said.crying:
            row = [state.said.episode, state.onset_s, state.duration_s, state.need]
            if self.episodes and self.episodes[-1][0] == state.said.episode:
                self.episodes[-1] = row
            else:
                self.episodes.append(row)
        if state.time_s - self._last_column_s >= 0.25 or state.time_s < self._last_column_s:
            self._last_column_s = state.time_s
            self._levels.append(level_fraction(state.level_dbfs))
            self._probabilities.append(state.said.cry_probability)
        if self._live is not None:
            self._live.update(self._panel(), refresh=True)
        else:
            changed = (state.said.crying != previous.said.crying
                       or state.said.confirmation_words != previous.said.confirmation_words
                       or any(getattr(state, name) != getattr(previous, name)
                              for name in ('need', 'status', 'trouble', 'news')))
            if changed or state.time_s - self._last_line_s >= 1.0:
                self._last_line_s = state.time_s
                self.console.print(self._line(), soft_wrap=True)

    def _what(self) -> str:
        state = self._state
        if not state.said.is_heard:
            return state.status
        if state.said.crying:
            words = state.said.confirmation_words
            return f'CRYING for {state.duration_s:.1f} s' + (f' ({words})' if words else '')
        return 'no crying'

    def _line(self) -> str:
        state = self._state
        line = (f'{clock(state.time_s):>7} {level_text(state.level_dbfs):>11}  '
                f'cry {state.said.cry_probability:.2f}  {self._what()}')
        if state.said.crying:
            line += f', need {state.need}, intensity {state.said.intensity:.2f}'
        for what in (*(f'{name} {text}' for name, text in state.doing.items()), state.trouble):
            line += f', {what}' if what else ''
        return line

    def _panel(self) -> Panel:
        state = self._state
        width = max(10, min(HISTORY, self.console.width - 30))
        coloured = self.console.color_system is not None and not self.console.no_color
        table = Table.grid(padding=(0, 1))
        table.add_column(justify='right', width=9)
        table.add_column(width=width)
        table.add_column(width=13)
        style = 'bold red' if state.said.crying else 'green'
        seconds = f'last {min(width, HISTORY) * COLUMN_S:.0f} s'
        table.add_row('level', bar(level_fraction(state.level_dbfs), width),
                      level_text(state.level_dbfs))
        table.add_row('sound', self.sound.text(width, coloured),
                      f'8 kHz\n\n{seconds}\n\n80 Hz')
        mark = state.enter_threshold
        table.add_row('cry', Text(bar_with_mark(state.said.cry_probability, width, mark), style),
                      f'{state.said.cry_probability:.2f}' + (f' of {mark:.2f}' if mark else ''))
        table.add_row('', Text(sparkline(list(self._probabilities)[-width:]), style), seconds)
        words = Table.grid(padding=(0, 1))
        words.add_column(justify='right', width=9)
        words.add_column(width=width + 14)
        needs = list(zip(state.said.labels[1:], state.said.probabilities[1:]))
        told = ''
        if needs and state.said.is_need_named:      # else they are told as if they meant something
            told = ', '.join(f'{label.replace("_", " ")} {value:.2f}' for label, value in sorted(
                needs, key=lambda pair: -pair[1])[:3])
        for name, text, look in (
                ('state', f'{self._what()}, {clock(state.time_s)} heard', style),
                ('need', state.need + (f', intensity {state.said.intensity:.2f}'
                                       if state.said.crying else ''), ''),
                ('', told, ''), *((name, text, '') for name, text in state.doing.items())):
            if text:
                words.add_row(name, Text(fitted(text, width + 14), look))
        rows = [self._fitting(state.trouble, 'yellow')] if state.trouble else []
        rows += [self._fitting(f'  episode {number} at {clock(start)}, {duration:.1f} s, need '
                               f'{need}') for number, start, duration, need in self.episodes[-4:]]
        if state.health:
            rows.append(self._fitting(', '.join(
                f'{name.rpartition("_")[2]}: {message}' for name, message in state.health.items()),
                'dim'))
        return Panel(Group(table, words, *rows), title=Text(self.title), width=self.console.width,
                     subtitle='not a medical device · Ctrl-C ends')

    def _fitting(self, text: str, style: str = '') -> Text:
        """Return text on a few lines of the panel."""
        return Text(fitted(text, self.console.width - 4), style)
