# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""False events at equal recall: counted by the decision's rule, the same as frame by frame."""

from dataclasses import replace

from baby_cry_detector.decision.episodes import EpisodeTracker
from baby_cry_detector.decision.operating_points import thresholds_of
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.model.checkpoint import checkpoint_from_bytes, checkpoint_to_bytes
from baby_cry_detector.research.evaluation import background
from baby_cry_detector.research.evaluation.events import episodes
from baby_cry_detector.research.training.manifest import Clip
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
import numpy as np
import pytest
import soundfile

STEP_S = 0.01
PLAIN = DecisionSettings().resolved(0.6, 0.36, 0.3)


def frame_by_frame(smooth, settings):
    tracker, found, crying = EpisodeTracker(settings, STEP_S), [], False
    for number, value in enumerate(smooth):
        time_ns = round(number * STEP_S * 1e9)
        now = tracker.update(time_ns, float(value))
        if now and not crying:
            found.append([time_ns / 1e9, np.inf])
        if crying and not now:
            found[-1][1] = tracker.episode.last_heard_ns / 1e9
        crying = now
    return found


@fuzz(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 600), st.sampled_from([0.0, 0.2, 0.4, 0.7, 1.0])),
                min_size=1, max_size=12), st.sampled_from([0.0, 0.3, 1.0]))
def test_the_short_cut_finds_the_same(parts, least_s):
    smooth = np.concatenate([np.full(n, value) for n, value in parts])
    settings = replace(PLAIN, min_cry_duration_s=least_s)
    wanted, found = frame_by_frame(smooth, settings), episodes(smooth, settings, STEP_S)
    assert [onset for onset, _ in found] == pytest.approx([onset for onset, _ in wanted])
    for (_, end), (_, other) in zip(found, wanted):
        assert end == pytest.approx(other) or np.isinf(other)


def scored(hits, n_cries=4, kinds=('music', 'cat')):
    """Return a stream of 100 s in two halves; ``hits`` are (second, height, length in s)."""
    smooth = np.zeros(10_000, np.float32)
    for second, height, length_s in hits:
        smooth[int(second * 100):int((second + length_s) * 100)] = height
    pieces = [(50.0 * number, 50.0 * (number + 1), kind) for number, kind in enumerate(kinds)]
    cries = [(10.0 + 20 * number, 12.0 + 20 * number, 5.0) for number in range(n_cries)]
    return background.Scored(smooth, STEP_S, 0.0, PLAIN, pieces, cries)


def test_events_are_counted_by_the_sound_that_they_begin_in():
    one = scored([(10.5, 0.9, 1), (30.5, 0.9, 1), (50.5, 0.7, 1), (20, 0.95, 1), (80, 0.8, 1),
                  (60, 0.65, 0.1)])
    found = background.figures([one], 0.6, 0.6)
    assert found['recall'] == 0.75 and found['cries'] == 4
    assert found['by_kind']['music']['false_events'] == 1
    assert found['by_kind']['cat']['false_events'] == 1     # 0.1 s is no episode
    assert found['false_events_per_h'] == pytest.approx(2 * 36, rel=0.01)
    low, high = found['false_events_per_h_95']
    assert low < 72 < high
    assert found['recall_by_snr']['5 to 10 dB'] == 0.75
    assert found['delay_s']['median'] == pytest.approx(0.5 + 0.29, abs=0.02)


@pytest.mark.parametrize('recall, least, most', [(0.95, None, None), (0.7, 0.0001, 0.7),
                                                 (0.5, 0.7, 0.9)])
def test_the_highest_threshold_with_that_recall(recall, least, most):
    one = scored([(10.5, 0.9, 1), (30.5, 0.9, 1), (50.5, 0.7, 1)])
    threshold = background.threshold_at_recall([one], recall, 0.6)
    if least is None:
        assert threshold is None
        return
    assert least < threshold <= most + 1e-3
    assert background.at_threshold([one], threshold, 0.6).recall >= recall
    assert background.at_threshold([one], most + 0.01, 0.6).recall < recall


def test_a_stream_holds_its_cries_where_it_says(tmp_path):
    rng = np.random.default_rng(0)

    def clip(name, kind, x):
        soundfile.write(tmp_path / name, x, 16000)
        return Clip(name, tmp_path / name, 'hungry' if kind == 'cry' else 'music', name, 0, kind)

    cry = clip('cry.wav', 'cry', 0.3 * rng.standard_normal(32000))
    others = [clip(f'{number}.wav', 'not_cry', 0.01 * rng.standard_normal(16000 * 40))
              for number in range(6)]
    stream = background.make_stream(others, [cry], 200 / 3600, rng, cry_every_s=20.0)
    assert len(stream.samples) == 200 * 16000 and 5 <= len(stream.cries) <= 14
    assert stream.pieces[0][0] == 0.0 and stream.pieces[-1][1] == pytest.approx(200.0)
    assert all(low[1] == high[0] for low, high in zip(stream.pieces, stream.pieces[1:]))
    level = np.array([np.sqrt(np.mean(part ** 2)) for part in np.split(stream.samples, 200)])
    for start_s, _, snr_db in stream.cries:
        if snr_db > 10:
            assert level[int(start_s + 0.9)] > 2 * np.median(level)
    same = background.make_stream(others, [cry], 200 / 3600, np.random.default_rng(5))
    again = background.make_stream(others, [cry], 200 / 3600, np.random.default_rng(5))
    assert np.array_equal(same.samples, again.samples)


def test_lines_say_what_is_out_of_reach():
    report = {'ours': background.report_of([scored([(10.5, 0.9, 1), (80, 0.9, 1)])], 0.6, 0.5)}
    lines = background.background_lines(report)
    assert any('own threshold' in line and 'recall 0.250 of 4' in line for line in lines)
    assert any('recall 0.95: out of reach' in line for line in lines)
    assert any('by kind: cat' in line for line in lines)


def test_the_checkpoints_own_points_are_measured(tmp_path):
    clips = [Clip('x.wav', tmp_path / 'x.wav', 'kitchen', 'g', 0, 'not_cry')]
    soundfile.write(tmp_path / 'x.wav', 0.01 * np.random.default_rng(0).standard_normal(160_000),
                    16_000)
    checkpoint = open_checkpoint()
    report = background.evaluate_background(checkpoint, [], clips)
    points = report['ours']['points']
    assert set(points) == {'sensitive', 'balanced', 'quiet'}
    for name, found in points.items():
        assert found['threshold'] == pytest.approx(
            thresholds_of(checkpoint.provenance, name)[0], abs=1e-4)
        assert any(f', {name}: threshold' in line for line in background.background_lines(report))


def test_points_are_stored_with_what_they_do():
    checkpoint = open_checkpoint('is09')
    report = {'ours': background.report_of(
        [scored([(10.5, 0.9, 1), (30.5, 0.9, 1), (50.5, 0.7, 1), (70.5, 0.4, 1), (80, 0.8, 1)])],
        0.6, 0.5)}
    named = background.with_operating_points(checkpoint, report)
    again = checkpoint_from_bytes(checkpoint_to_bytes(named))
    point = again.provenance['operating_points']['sensitive']
    assert point['measured']['recall'] == 1.0 and 0.3 < point['enter_threshold'] <= 0.4
    enter, leave = thresholds_of(again.provenance, 'sensitive')
    settings = FrameListener(again, DecisionSettings(operating_point='sensitive')).decider.settings
    assert (settings.enter_threshold, settings.leave_threshold) == (enter, leave)
    own = FrameListener(again, DecisionSettings(operating_point='sensitive', enter_threshold=0.9,
                                                leave_threshold=0.8)).decider.settings
    assert (own.enter_threshold, own.leave_threshold) == (0.9, 0.8)
    assert thresholds_of(again.provenance, 'quiet')[0] == 0.5     # its own
    with pytest.raises(ParameterError, match='quiet'):
        FrameListener(checkpoint, DecisionSettings(operating_point='quiet'))
