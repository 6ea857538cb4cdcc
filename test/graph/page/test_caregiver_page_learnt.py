# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The usual day is drawn from the real diary, and a tap forgets what the real estimator learnt."""

import time

from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.kept_needs import forgotten_ns
from baby_cry_detector.ros.nodes.need_estimator import NeedEstimator
from baby_cry_detector.units import DAY_NS, MINUTE_NS, SECOND_NS
from page_harness import browser_missing, Phone, ServedPage, wait_until
import pytest
import soundfile

pytestmark = pytest.mark.skipif(bool(browser_missing()), reason=browser_missing())
HEIGHTS = """return [...document.querySelectorAll('#rhythm-' + arguments[0] + ' span')]
    .map((bar) => parseFloat(bar.style.height));"""


def lived(file, now_ns):
    """Write six days of a cry at one time of day that feeding stopped; return the local hours."""
    with DiaryStore(file) as store:
        for day in range(1, 7):
            onset_ns = now_ns - day * DAY_NS - 90 * MINUTE_NS
            store.write(
                [EpisodeRow(f'c-{day}', 'nursery', onset_ns, onset_ns + 8 * MINUTE_NS, False)],
                [CareEntry(f'f-{day}', onset_ns + 7 * MINUTE_NS, 'fed', 'nursery')])
    return {kind: {time.localtime((now_ns - day * DAY_NS - minutes * MINUTE_NS) // SECOND_NS
                                  ).tm_hour for day in range(1, 7)}
            for kind, minutes in (('cried', 90), ('fed', 83))}


def test_the_usual_day_is_drawn_and_a_tap_forgets_what_was_learnt(
        start_graph, demonstration, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    file = tmp_path / 'diary.sqlite'
    hours = lived(file, time.time_ns())
    soundfile.write(tmp_path / 'demonstration.wav', demonstration[0], 16_000, subtype='PCM_16')
    graph = start_graph({'audio_capture': {
        'source': 'file', 'file': str(tmp_path / 'demonstration.wav'), 'loop': True,
        'frame_id': 'nursery'}}, capture=True)
    estimator = NeedEstimator({'diary_file': str(file)}, context=graph.context)
    graph.nodes.append(estimator)
    assert estimator.autostart()
    graph.executor.add_node(estimator)
    page, phone = ServedPage(graph, diary_file=str(file)), Phone()
    try:
        phone.open(page.address)
        phone.shows('learnt-text', 'right')
        wait_until(lambda: any(phone.run(HEIGHTS, 'fed')), what='the usual day')
        for name, wanted in hours.items():
            bars = phone.run(HEIGHTS, name)
            assert len(bars) == 24 and {hour for hour, bar in enumerate(bars) if bar} == wanted
        assert not any(phone.run(HEIGHTS, 'slept'))
        assert 'it began to cry most often between' in phone.run(
            "return document.getElementById('rhythm-text').textContent")
        assert forgotten_ns('nursery') == 0
        phone.run("document.getElementById('forget').closest('details').open = true")
        phone.tap('#forget')
        phone.shows('forget-answer', 'Forgotten')
        assert forgotten_ns('nursery') > 0
        phone.shows('learnt-text', 'from that it learns')
        assert phone.complaints() == []
    finally:
        phone.close()
        page.close()
