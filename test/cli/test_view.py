# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The terminal view: plain lines, or a panel of 80 columns where there is a terminal."""

import io
import os
import pty
import re
import subprocess
import sys

from baby_cry_detector.cli.view import (bar, clock, level_fraction, SoundStrip, sparkline,
                                        TerminalView, ViewState)
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED, Need,
                                     STATUS_UNTRUSTED_AUDIO)
from baby_cry_detector.units import SECOND_NS
import numpy as np
import pytest
from rich.console import Console


def states():
    for step in range(60):
        crying = 20 <= step < 40
        said = CryState(
            step * SECOND_NS // 5, cry_probability=0.9 * crying, crying=crying,
            need=Need.UNKNOWN if crying else Need.NONE, intensity=0.5 * crying,
            episode=1 if step >= 20 else 0, onset_ns=4 * SECOND_NS,
            duration_ns=min(step - 20, 18) * SECOND_NS // 5)
        yield ViewState(said, time_s=step * 0.2, level_dbfs=-50.0 + 30 * crying)


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


def test_what_the_second_listener_says_is_a_line_as_soon_as_it_changes():
    output = io.StringIO()
    with TerminalView('a recording', output) as view:
        for step, confirmation in enumerate((CONFIRMATION_NONE, CONFIRMATION_PENDING,
                                             CONFIRMATION_CONFIRMED, CONFIRMATION_REFUSED)):
            said = CryState(SECOND_NS + step, crying=True, need=Need.UNKNOWN, episode=1,
                            confirmation=confirmation)
            view.update(ViewState(said, time_s=1.0))
    lines = output.getvalue().splitlines()[1:5]
    for line, words in zip(lines, ('s, need', '(being checked), need', '(confirmed), need',
                                   '(not confirmed), need')):
        assert words in line, lines


def test_nothing_heard_is_said_so():
    output = io.StringIO()
    with TerminalView('quiet', output) as view:
        view.update(ViewState(CryState(), time_s=3.0))
    assert output.getvalue().splitlines()[-1] == 'Heard 0:03.0 of audio: no crying.'


def test_what_is_not_trusted_is_told_with_its_reason():
    output = io.StringIO()
    with TerminalView('microphone', output) as view:
        view.update(ViewState(CryState(status=STATUS_UNTRUSTED_AUDIO,
                                       status_reason='muted for 40 s')))
    assert 'audio not trusted: muted for 40 s' in output.getvalue()


@pytest.mark.parametrize('width', [80, 120, 200])
def test_the_panel_uses_the_width_that_there_is(width):
    view = TerminalView('microphone', io.StringIO())
    view.console = Console(file=io.StringIO(), width=width)
    view.update(ViewState(CryState(labels=('not_cry', 'hungry'), probabilities=(0.1, 0.9),
                                   need=Need.UNKNOWN, crying=True)))
    view.console.print(view._panel())
    text = view.console.file.getvalue()
    assert max(map(len, text.splitlines())) == width
    assert 'hungry' not in text, 'a need that is not named is shown as if it were'


@pytest.mark.parametrize('width', [40, 41, 48, 57, 63, 71, 80, 100, 133, 200])
def test_no_figure_is_cut_or_parted_from_its_word_at_any_width(width):
    view = TerminalView('a recording with quite a long name.wav', io.StringIO())
    view.console = Console(file=io.StringIO(), width=width)
    view.update(ViewState(
        CryState(cry_probability=0.9, crying=True, confirmed=True, need=Need.HUNGRY,
                 intensity=0.5, labels=('not_cry', 'hungry', 'belly_pain'),
                 probabilities=(0.0, 0.6, 0.2),
                 onset_ns=5 * 10**9, duration_ns=3725 * 10**9, episode=1234),
        time_s=86_399.9, level_dbfs=-50.0, enter_threshold=0.68,
        trouble='feature_extractor: more than 12 dB quieter than it ever was here in 1440 minutes',
        doing={'motion': '·····█··············· +12.3 mm', 'alert': 'HIGH: cries for 125 s, 12 m'},
        health={'capture': 'playing', 'extractor': 'extracting', 'rocker': 'rocked 12.5 min'}))
    view.console.file = io.StringIO()          # without the line that the update printed
    view.console.print(view._panel())
    lines = view.console.file.getvalue().splitlines()
    assert all(len(line) == width and line[-1] in '╮│╯' for line in lines)
    text = '\n'.join(line[:-1].rstrip() for line in lines)
    for figure in ('-50.0 dBFS', '0.90 of 0.68', 'CRYING for 3725.0 s', '1439:59.9 heard',
                   '+12.3 mm', 'intensity 0.50', 'hungry 0.60', 'belly pain 0.20', 'at 0:05.0'):
        assert figure in text, text
    assert not re.search(r'\d…', text), text


def test_what_others_wrote_is_shown_as_it_is_and_ends_nothing():
    words = '[bold]a[/crib/audio] :baby: [1]'
    view = TerminalView(words, io.StringIO())
    view.console.width = 200
    with view:
        view.update(ViewState(CryState(), trouble=words, doing={words: words}))
    assert view.console.file.getvalue().count(words) == 4
    view.console.file = io.StringIO()
    view.console.print(view._panel())
    assert view.console.file.getvalue().count('/crib/audio] :baby: [1]') >= 3


def test_panel_fits_80_columns_and_shows_what_matters():
    view = TerminalView('microphone', io.StringIO())
    view.console = Console(file=io.StringIO(), width=80)
    for state in states():
        view.update(state)
        if state.said.crying:
            panel = view._panel()
    view.console.print(panel)
    text = view.console.file.getvalue()
    assert 'CRYING for' in text and 'UNKNOWN' in text and 'dBFS' in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert len(text[text.index('╭'):].splitlines()) <= 22      # the summary comes below


def test_pieces():
    assert bar(0.5, 4) == '██░░' and bar(-1, 2) == '░░' and bar(7, 2) == '██'
    assert sparkline([0, 1, float(2)]) == ' ██'
    assert clock(61.25) == '1:01.2' and clock(-5) == '0:00.0'
    assert level_fraction(0.0) == 1.0 and level_fraction(-80.0) == 0.0
    assert level_fraction(None) == 0.0


PANEL = """
import math, sys, time
import numpy as np
from baby_cry_detector.cli.view import TerminalView, ViewState
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import Need
with TerminalView('microphone') as view:
    for step in range(40):
        at = (step * 4000 + np.arange(4000)) / 16000
        view.sound.hear(0.3 * np.sin(2 * math.pi * 500 * at) * (step >= 20), 16000)
        crying = step >= 20
        view.update(ViewState(
            CryState(cry_probability=0.9 * crying, crying=crying,
                     need=Need.HUNGRY if crying else Need.NONE, intensity=0.5 * crying,
                     episode=1 + step // 30, onset_ns=5 * 10**9, duration_ns=step * 10**9 // 4,
                     labels=('not_cry', 'hungry', 'belly_pain', 'discomfort', 'tired'),
                     probabilities=(0.0, 0.6, 0.2, 0.1, 0.1)),
            time_s=step * 0.25, level_dbfs=-50.0 + 30 * crying,
            trouble='feature_extractor: ' + 'no audio ' * 30, enter_threshold=0.68,
            health={'audio_capture': 'playing', 'feature_extractor': 'extracting',
                    'cry_classifier': 'listening'}))
"""


def on_a_terminal(size, **environment):
    """Return (bytes, the screen as lines) of the panel on a terminal of (columns, lines)."""
    pyte = pytest.importorskip('pyte', reason='pip install pyte to look at a terminal')
    master, slave = pty.openpty()
    columns, lines = size
    environment = {**os.environ, 'TERM': 'xterm-256color', 'COLUMNS': str(columns),
                   'LINES': str(lines), 'PYTHONUTF8': '1', 'PYTHONPATH': os.pathsep.join(sys.path),
                   **environment}
    process = subprocess.Popen([sys.executable, '-c', PANEL], stdin=slave, stdout=slave,
                               stderr=slave, env=environment)
    os.close(slave)
    printed = b''
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        printed += part
    os.close(master)
    assert process.wait(timeout=30) == 0, printed.decode(errors='replace')
    screen = pyte.Screen(columns, lines)
    pyte.ByteStream(screen).feed(printed)
    return printed, screen.display


def test_a_terminal_of_80_by_24_shows_it_all():
    printed, screen = on_a_terminal((80, 24))
    shown = '\n'.join(screen)
    for text in ('microphone', 'level', 'sound', '8 kHz', 'CRYING for', 'hungry 0.60', 'of 0.68',
                 'episode 1 at', 'classifier: listening', 'not a medical device', 'Heard'):
        assert text in shown, shown
    assert '▀' in shown and b'38;5;' in printed


def test_without_colour_the_sound_is_shades():
    printed, screen = on_a_terminal((80, 24), NO_COLOR='1')
    shown = '\n'.join(screen)
    assert '▓' in shown or '█' in shown
    assert 'CRYING for' in shown and b'38;5;' not in printed and b'[31m' not in printed


def test_a_narrow_terminal_and_a_dumb_one_are_served_too():
    _, screen = on_a_terminal((60, 24))
    assert 'CRYING for' in '\n'.join(screen)
    printed, screen = on_a_terminal((80, 24), TERM='dumb')
    assert b'\x1b' not in printed
    assert sum('CRYING' in line for line in screen) >= 3


def test_strip_puts_a_tone_where_its_frequency_is():
    strip = SoundStrip()
    at = np.arange(32_000) / 16_000
    strip.hear(0.5 * np.sin(2 * np.pi * 4000 * at), 16_000)
    shares = strip.shares(8, 10)
    assert np.argmax(shares[:, -2]) <= 3 and shares[-1, -2] < 0.4
