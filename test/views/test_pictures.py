# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures: everything is where its time says, in both themes and many sizes."""

import re

import numpy as np
import pytest

pytest.importorskip('PIL', reason='pip install pillow to draw')

from baby_cry_detector.audio import to_pcm16  # noqa: E402, I100  # after importorskip
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry  # noqa: E402, E501  # after importorskip
from baby_cry_detector.cli.main import main  # noqa: E402  # after importorskip
from baby_cry_detector.views.history import History, LogMel  # noqa: E402  # after importorskip
from baby_cry_detector.views.picture import (level_row, Limits, mel_row, Now,  # noqa: E402, E501  # after importorskip
                                             Picture, probability_row, THEMES)
from bag_writer import NS, write_bag  # noqa: E402  # after importorskip
from PIL import Image  # noqa: E402  # after importorskip

pytestmark = pytest.mark.slow

LABELS = ('not_cry', 'hungry', 'tired')
START_NS = 1_790_000_000 * NS


def heard(columns=560, seconds=20.0, start_ns=START_NS):
    """Return a history of 25 s: a tone of 1 kHz and crying from 15 to 20 s of them."""
    history = History(columns, round(seconds / columns * NS))
    for step in range(625):
        stamp_ns = start_ns + step * 40_000_000
        at = np.arange(640) / 16_000 + step * 0.04
        loud = 15.0 <= step * 0.04 < 20.0
        history.add_audio(stamp_ns, (0.3 if loud else 0.001) * np.sin(2 * np.pi * 1000 * at),
                          16_000)
        history.add_pitch(stamp_ns, 10_000_000, np.full(4, 1000.0 * loud), np.full(4, 0.9))
        if step % 5 == 0:
            p = 0.9 * loud
            history.add_decision(stamp_ns, True, loud, p, LABELS, (1 - p, 0.6 * p, 0.4 * p),
                                 0.5 * loud, int(loud), start_ns + 15 * NS, stamp_ns)
    return history


def test_history_puts_everything_where_its_stamp_says():
    history = heard()
    seconds = (np.arange(history.columns) + 0.5) * history.column_ns / NS
    from_s = (history.end_ns - START_NS) / NS - 20.0
    loud = (from_s + seconds > 15.1) & (from_s + seconds < 19.7)
    quiet = (from_s + seconds < 14.7) | (from_s + seconds > 20.3)
    level = history.ordered('level')
    assert np.all(np.abs(level[loud] - 20 * np.log10(0.3 / np.sqrt(2))) < 0.7)
    assert np.nanmax(level[quiet]) < -60
    assert np.nanmin(history.ordered('probability')[loud]) > 0.4
    assert np.nanmax(history.ordered('probability')[quiet]) < 0.1
    np.testing.assert_array_equal(history.ordered('f0')[loud], 1000.0)
    power = history.ordered('power')
    centres = LogMel(16_000).centres_hz
    assert abs(centres[np.nanargmax(np.nanmean(power[loud], axis=0))] - 1000) < 80
    assert list(history.episodes) == [1]


def test_a_recording_that_starts_again_starts_a_new_window():
    history = heard()
    history.add_audio(START_NS - 1000 * NS, np.full(640, 0.5), 16_000)
    assert history.end_ns <= START_NS - 999 * NS
    assert np.isfinite(history.ordered('level')).sum() <= 3 and not history.episodes


def test_stamps_far_apart_cost_no_time_and_audio_of_another_rate_goes_on():
    history = heard()
    history.add_audio(START_NS + 10 ** 17, np.full(4410, 0.5), 44_100)
    history.add_audio(START_NS + 10 ** 17 + 100_000_000, np.full(4410, 0.5), 44_100)
    history.add_decision(START_NS + 10 ** 17, False, False, float('nan'), LABELS, (1, 0, 0))
    assert np.isfinite(history.ordered('power')[:, 0]).sum() >= 3


@pytest.mark.parametrize('theme', sorted(THEMES))
@pytest.mark.parametrize('size', [(320, 240), (640, 360), (1281, 777)])
def test_the_picture_shows_level_and_probability_in_their_place(theme, size):
    history = heard()
    picture = Picture(*size, theme).draw(history, Now('crib', 'CRYING', 'for 5 s', '12:00', True),
                                         Limits(0.7, 0.4))
    assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
    colours = np.unique(picture.reshape(-1, 3), axis=0)
    assert len(colours) > 100          # spectrogram and soft edges
    empty = Picture(*size, theme).draw(History(100, 10 ** 8), Now(), Limits())
    assert (empty != picture).any(axis=2).mean() > 0.1


def test_a_picture_drawn_again_is_the_same_and_nothing_of_the_last_stays():
    history, painter = heard(), Picture()
    first = painter.draw(history, Now('crib', 'CRYING', crying=True), Limits(0.7, 0.4))
    painter.draw(History(100, 10 ** 8), Now('crib', 'no audio'), Limits(0.5, 0.3))
    again = painter.draw(history, Now('crib', 'CRYING', crying=True), Limits(0.7, 0.4))
    np.testing.assert_array_equal(first, again)


def test_scales_are_monotonic_and_stay_inside():
    for row, values in ((mel_row, (100, 500, 4000)), (level_row, (-90, -40, 0)),
                        (probability_row, (0.0, 0.5, 1.0))):
        rows = [float(row(value, 60)) for value in values]
        assert rows == sorted(rows, reverse=True) and 0 <= rows[-1] and rows[0] < 60


@pytest.fixture(scope='module')
def pcm():
    """Return 14 s at 16 kHz: quiet, a cry, quiet until it has ended."""
    return to_pcm16(np.concatenate((np.zeros(32_000), synthesise_cry(6.0, seed=1),
                                    np.zeros(96_000))))


def test_plot_says_why_for_a_recording_and_the_same_for_a_bag(tmp_path, capsys, pcm):
    pytest.importorskip('rosbags.rosbag2', reason='pip install rosbags to read bags')
    import soundfile
    soundfile.write(tmp_path / 'cry.wav', pcm, 16_000)
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)})
    told = []
    for path in (tmp_path / 'cry.wav', bag):
        out = tmp_path / 'out.png'
        assert main(['plot', str(path), '--out', str(out), '--width', '800']) == 0
        told.append(capsys.readouterr().out)
        with Image.open(out) as image:
            assert image.size[0] == 800 and image.size[1] > 400
    assert re.search(r'episode 1 begins: above enter \(0\.\d\d\) since 0:0[23]', told[0])
    assert 'episode 1 ends: no crying for 3.0 s (hold_s 3)' in told[0]
    assert told[0] == told[1]


def test_plot_says_which_pauses_did_not_end_an_episode(tmp_path, capsys):
    import soundfile
    cry = synthesise_cry(4.0, seed=1)
    pcm = to_pcm16(np.concatenate((np.zeros(32_000), cry, np.zeros(32_000), cry)))
    soundfile.write(tmp_path / 'cry.wav', pcm, 16_000)
    assert main(['plot', str(tmp_path / 'cry.wav'), '--out', str(tmp_path / 'o.png')]) == 0
    told = capsys.readouterr().out
    found = re.search(r'bridged (\d) pauses?, the longest of (\d\.\d) s \(hold_s 3\)', told)
    assert found and 0.5 < float(found[2]) < 3.0
    assert 'ends while it cries' in told and 'begins' in told and 'episode 2' not in told


def test_plot_says_why_not(tmp_path, capsys, pcm):
    import soundfile
    soundfile.write(tmp_path / 'cry.wav', pcm, 16_000)
    arguments = ['plot', str(tmp_path / 'cry.wav'), '--out', str(tmp_path / 'o.png')]
    assert main([*arguments, '--min-cry-duration-s', '10']) == 0
    assert 'not counted (min_cry_duration_s 10)' in capsys.readouterr().out
    soundfile.write(tmp_path / 'cry.wav', pcm[:32_000], 16_000)
    assert main(arguments) == 0
    assert 'no episode: the smoothed probability was at most 0.0' in capsys.readouterr().out


@pytest.mark.parametrize('arguments, says, code', [
    (['/nowhere.wav', '--out', 'x.png'], 'no such file', 1),
    (['/nowhere.wav', '--out', 'x.xyz'], 'ends in .png', 2),
    (['/nowhere.wav', '--out', 'x.png', '--width', '3'], '640 to 8000', 2),
])
def test_what_cannot_be_plotted_is_one_sentence(capsys, arguments, says, code):
    assert main(['plot', *arguments]) == code
    said = capsys.readouterr().err
    assert said.startswith('error: ') and says in said and len(said.splitlines()) == 1
