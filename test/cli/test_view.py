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
"""The terminal view: plain lines, or a panel of 80 columns where there is a terminal."""

import io

from baby_cry_detector.cli.view import (
    bar, clock, level_fraction, sparkline, TerminalView, ViewState)
from rich.console import Console


def states():
    for step in range(60):
        crying = 20 <= step < 40
        yield ViewState(time_s=step * 0.2, status='OK', level_dbfs=-50.0 + 30 * crying,
                        cry_probability=0.9 * crying, crying=crying,
                        need='UNKNOWN' if crying else 'NONE', intensity=0.5 * crying,
                        episode=1 if step >= 20 else 0,
                        onset_s=4.0, duration_s=min(step - 20, 18) * 0.2)


def test_plain_lines_say_every_change_and_every_second():
    output = io.StringIO()
    with TerminalView('a recording', output) as view:
        for state in states():
            view.update(state)
    lines = output.getvalue().splitlines()
    assert lines[0] == 'a recording'
    assert sum('CRYING' in line for line in lines) >= 4
    assert 12 <= len(lines) <= 18
    assert lines[-1].startswith('Heard 0:11.8 of audio: crying at 0:04.0 for 3.6 s.')
    assert '\x1b' not in output.getvalue()


def test_nothing_heard_is_said_so():
    output = io.StringIO()
    with TerminalView('quiet', output) as view:
        view.update(ViewState(time_s=3.0, status='OK'))
    assert output.getvalue().splitlines()[-1] == 'Heard 0:03.0 of audio: no crying.'


def test_panel_fits_80_columns_and_shows_what_matters():
    view = TerminalView('microphone', io.StringIO())
    view.console = Console(file=io.StringIO(), width=80)
    for state in states():
        view.update(state)
        if state.crying:
            panel = view._panel()
    view.console.print(panel)
    text = view.console.file.getvalue()
    assert 'CRYING for' in text and 'UNKNOWN' in text and 'dBFS' in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert len(text.splitlines()) <= 24


def test_pieces():
    assert bar(0.5, 4) == '██░░' and bar(-1, 2) == '░░' and bar(7, 2) == '██'
    assert sparkline([0, 1, float(2)]) == ' ██'
    assert clock(61.25) == '1:01.2' and clock(-5) == '0:00.0'
    assert level_fraction(0.0) == 1.0 and level_fraction(-80.0) == 0.0
    assert level_fraction(None) == 0.0
