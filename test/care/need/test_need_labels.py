# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Derived labels: what stopped the crying is what it was about, and what was said is above it."""

from baby_cry_detector.care.need.from_diary import cries_of, facts_of
from baby_cry_detector.care.need.labels import Cry, Fact, failed_by, label_of, need_of_text, NEEDS
from baby_cry_detector.units import MINUTE_NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

NOW = 1_790_000_000_000_000_000
CRY = Cry('c', NOW, NOW + 10 * MINUTE_NS)


def at(minutes, kind, **kwargs):
    """Return a fact so many minutes after the onset."""
    return Fact(NOW + round(minutes * MINUTE_NS), kind, **kwargs)


@pytest.mark.parametrize('facts, next_onset_min, shares, source', [
    ([at(8, 'fed')], None, {'hungry': 1.0}, 'derived'),
    ([at(8, 'changed'), at(9.5, 'fed')], None, {'hungry': 1.0}, 'derived'),
    ([at(20, 'slept')], None, {'tired': 1.0}, 'derived'),            # told later
    ([at(9, 'fed'), at(20, 'slept')], None, {'hungry': 1.0}, 'derived'),
    ([at(9.2, 'changed'), at(9.5, 'fed')], None, {'discomfort': 0.5, 'hungry': 0.5}, 'ambiguous'),
    ([at(2, 'fed')], None, None, None),                              # it cried on for 8 minutes
    ([at(8, 'fed')], 12, None, None),                                # it had not ended
    ([at(17, 'fed')], 16, None, None),                               # of the cry that came next
    ([at(9, 'fed'), at(17, 'slept')], 16, {'hungry': 1.0}, 'derived'),
    ([at(40, 'fed')], None, None, None),
    ([at(-3, 'fed')], None, None, None),
    ([at(5, 'rocking', helped=True)], None, {'tired': 0.5, 'lonely': 0.5}, 'robot'),
    ([at(5, 'rocking')], None, None, None),
    ([at(8, 'fed'), at(90, 'labelled', episode_id='c', label=' Wind ')], None, {'burping': 1.0},
     'explicit'),
    ([at(8, 'fed'), at(90, 'labelled', episode_id='c', label='teeth')], None, {}, 'explicit'),
    ([at(90, 'labelled', episode_id='c', label='tired'),
      at(95, 'labelled', episode_id='c', label='hungry')], None, {'hungry': 1.0}, 'explicit'),
    ([at(90, 'labelled', episode_id='other', label='tired')], None, None, None)])
def test_rules(facts, next_onset_min, shares, source):
    following = None if next_onset_min is None else NOW + next_onset_min * MINUTE_NS
    label = label_of(CRY, facts, following)
    if shares is None:
        assert label is None
    else:
        assert (label.shares, label.source) == (shares, source)
        assert label.weight == {'explicit': 1.0, 'derived': 0.6, 'ambiguous': 0.3,
                                'robot': 0.15}[source]
        assert label.known_ns >= CRY.onset_ns


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-200, 200), st.sampled_from(
    ['fed', 'slept', 'changed', 'burped', 'comforted', 'labelled', 'rocking', 'odd']),
    st.sampled_from(['', 'c']), st.sampled_from(['', 'hungry', 'x\x00']), st.booleans()),
    max_size=12), st.randoms())
def test_any_facts_in_any_order_give_the_same_label(raw, random):
    facts = [at(minutes, kind, episode_id=episode, label=label, helped=helped)
             for minutes, kind, episode, label, helped in raw]
    label = label_of(CRY, facts)
    random.shuffle(facts)
    assert label_of(CRY, facts) == label
    if label is not None and label.shares:
        assert sum(label.shares.values()) == pytest.approx(1.0) and set(label.shares) <= set(NEEDS)


def test_what_failed_and_what_words_mean():
    assert failed_by(NOW, NOW + 15 * MINUTE_NS, [at(2, 'fed'), at(8, 'changed')]) == ('hungry',)
    assert need_of_text(' Diaper') == 'discomfort' and need_of_text('teeth') is None


def test_rows_of_a_diary_become_cries_and_facts():
    episode = {'episode_id': 'c', 'onset_ns': 5, 'end_ns': 5 + 9 * MINUTE_NS + 3,
               'intensity_mean': None, 'crib_id': 'crib', 'open': 0, 'doubtful': 0}
    assert cries_of([episode, {**episode, 'open': 1}, {**episode, 'crib_id': 'twin'},
                     {**episode, 'doubtful': 1}], 'crib') == [
                             Cry('c', 5, 5 + 9 * MINUTE_NS)], 'milliseconds are kept'
    event = {'crib_id': '', 'stamp_ns': 5, 'kind': 'fed', 'text': '', 'episode_id': '',
             'label': '', 'phase': 'moment', 'cry_share_before': None, 'cry_share_after': None,
             'doubtful': 0}
    rocked = {**event, 'kind': 'rocking', 'phase': 'ended', 'cry_share_before': 0.9,
              'cry_share_after': 0.1}
    facts = facts_of([event, {**event, 'kind': 'note', 'text': 'Burped, at last'},
                      {**event, 'kind': 'note', 'text': ''}, {**event, 'kind': 'alert'}, rocked,
                      {**rocked, 'phase': 'started'}, {**event, 'crib_id': 'twin'}], 'crib')
    assert [(fact.kind, fact.helped) for fact in facts] == [
        ('fed', False), ('burped', False), ('rocking', True)]
