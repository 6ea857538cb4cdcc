# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
What the detector hears, for a person at a terminal.

A live panel where standard output is a terminal, plain lines where it is not. Knows no ROS:
whoever has a state passes it in.
"""

from collections import deque
from dataclasses import dataclass
import sys
from typing import Optional

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

BLOCKS = ' ▁▂▃▄▅▆▇█'
HISTORY = 48
REFRESH_PER_SECOND = 10
QUIETEST_DBFS = -80.0


@dataclass
class ViewState:
    """What there is to show; all times in seconds of audio since the start."""

    time_s: float = 0.0
    status: str = 'waiting for audio'
    level_dbfs: Optional[float] = None
    cry_probability: float = 0.0
    crying: bool = False
    need: str = 'NONE'
    intensity: float = 0.0
    episode: int = 0
    onset_s: float = 0.0
    duration_s: float = 0.0
    trouble: str = ''


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


def clock(seconds: float) -> str:
    """Return m:ss.t."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f'{int(minutes)}:{rest:04.1f}'


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
        self.console = Console(file=output or sys.stdout, highlight=False)
        self.episodes = []
        self._levels = deque([0.0] * HISTORY, HISTORY)
        self._probabilities = deque([0.0] * HISTORY, HISTORY)
        self._state = ViewState()
        self._last_column_s = self._last_line_s = -1.0
        self._last_line = None
        self._live = None
        self.is_live = live and self.console.is_terminal

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
        if state.crying:
            row = [state.episode, state.onset_s, state.duration_s, state.need]
            if self.episodes and self.episodes[-1][0] == state.episode:
                self.episodes[-1] = row
            else:
                self.episodes.append(row)
        if state.time_s - self._last_column_s >= 0.25 or state.time_s < self._last_column_s:
            self._last_column_s = state.time_s
            self._levels.append(level_fraction(state.level_dbfs))
            self._probabilities.append(state.cry_probability)
        if self._live is not None:
            self._live.update(self._panel(), refresh=True)
        else:
            changed = any(getattr(state, name) != getattr(previous, name)
                          for name in ('crying', 'need', 'status', 'trouble'))
            if changed or state.time_s - self._last_line_s >= 1.0:
                self._last_line_s = state.time_s
                self.console.print(self._line(), soft_wrap=True)

    def _what(self) -> str:
        state = self._state
        if state.status != 'OK':
            return state.status
        if state.crying:
            return f'CRYING for {state.time_s - state.onset_s:.1f} s'
        return 'no crying'

    def _line(self) -> str:
        state = self._state
        line = (f'{clock(state.time_s):>7} {level_text(state.level_dbfs):>11}  '
                f'cry {state.cry_probability:.2f}  {self._what()}')
        if state.crying:
            line += f', need {state.need}, intensity {state.intensity:.2f}'
        if state.trouble:
            line += f', {state.trouble}'
        return line

    def _panel(self) -> Panel:
        state = self._state
        width = max(10, min(HISTORY, self.console.width - 30))
        table = Table.grid(padding=(0, 1))
        table.add_column(justify='right', width=9)
        table.add_column(width=width)
        table.add_column(width=12)
        style = 'bold red' if state.crying else 'green'
        table.add_row('level', bar(level_fraction(state.level_dbfs), width),
                      level_text(state.level_dbfs))
        table.add_row('', sparkline(list(self._levels)[-width:]), 'last 12 s')
        table.add_row('cry', Text(bar(state.cry_probability, width), style),
                      f'{state.cry_probability:.2f}')
        table.add_row('', Text(sparkline(list(self._probabilities)[-width:]), style), 'last 12 s')
        table.add_row('state', Text(self._what(), style), clock(state.time_s))
        table.add_row('need', f'{state.need}' + (
            f', intensity {state.intensity:.2f}' if state.crying else ''), '')
        rows = [Text(state.trouble, 'yellow')] if state.trouble else []
        rows += [f'  episode {number} at {clock(start)}, {duration:.1f} s, need {need}'
                 for number, start, duration, need in self.episodes[-5:]]
        return Panel(Group(table, *rows), title=self.title, width=min(80, self.console.width),
                     subtitle='not a medical device · Ctrl-C ends')
