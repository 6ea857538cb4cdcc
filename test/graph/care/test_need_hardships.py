# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The real estimator and what happens to it: other diaries and files, wrong clocks, sound."""

import json
import os
import time

from baby_cry_detector import kept_voice
from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.care.diary.repair import restore
from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.cli.main import main
from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.kept_needs import document_of, forget, kept, settings_file
from baby_cry_detector.kept_state import files_aside
from baby_cry_detector.msg import CryNeed, NeedEstimate
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_message
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from care_graph import CareGraph
from made_babies import told_by_sound
import numpy as np
import pytest
from std_srvs.srv import Trigger

NODE = 'need_estimator'
PATIENCE_S = 90.0


@pytest.fixture
def graph(tmp_path, monkeypatch):
    """Return a domain with an ear for `need_estimate`, and its files for this process too."""
    running = CareGraph(tmp_path)
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.setenv('ROS_DOMAIN_ID', str(running.domain_id))
    running.estimates = []
    running.node.create_subscription(NeedEstimate, 'need_estimate', running.estimates.append,
                                     qos.LATCHED)
    yield running
    assert running.close()


def lived(store, numbers, end_ns):
    """Write episodes that feeding stopped, each three hours before the next one."""
    for number in numbers:
        onset_ns = end_ns - number * 3 * HOUR_NS
        store.write([EpisodeRow(f'c-{number}', 'crib', onset_ns, onset_ns + 8 * MINUTE_NS, False)],
                    [CareEntry(f'f-{number}', onset_ns + 7 * MINUTE_NS, 'fed', 'crib')])


def known(graph, count):
    """Wait until so many answers are on record."""
    graph.until(lambda: graph.estimates and graph.estimates[-1].ready
                and graph.estimates[-1].need_of == count, PATIENCE_S)


def counted(graph, kind):
    """Return how often the node has reported something."""
    return int(graph.diagnosis(NODE)[2].get(f'count.{kind}', 0))


def test_a_diary_from_a_backup_is_learnt_and_costs_nothing_that_was_known(graph, tmp_path):
    end_ns = time.time_ns() - HOUR_NS
    path = tmp_path / 'baby_cry_detector' / 'diary.sqlite'
    older = tmp_path / 'older.sqlite'
    with DiaryStore(older) as store:
        lived(store, range(40, 60), end_ns)             # five days ago and before
    with DiaryStore(path) as store:
        lived(store, range(1, 11), end_ns)
    graph.start(NODE)
    graph.say(end_ns + 30 * MINUTE_NS, 0, False)
    known(graph, 10)
    restore(path, older)                                # of the newest ten it knows nothing
    known(graph, 30)
    graph.until(lambda: counted(graph, 'diary_changed') == 1)
    with DiaryStore(path) as store:                     # it goes on in the restored one
        lived(store, [0], end_ns)
    graph.kill(NODE)
    graph.estimates.clear()
    graph.start(NODE)
    known(graph, 31)


def test_a_file_of_a_later_version_is_kept_and_a_clock_that_is_ahead_is_not_believed(
        graph, tmp_path):
    folder = tmp_path / 'baby_cry_detector'
    folder.mkdir(parents=True)
    end_ns = time.time_ns() - HOUR_NS
    newer = json.dumps({'format': 99, 'cries': 'of another kind'})
    own = folder / f'{graph.domain_id}.{NODE}.json'
    own.write_text(newer)
    settings = folder / f'{graph.domain_id}.need.crib.json'
    settings.write_text(json.dumps({'format': 2, 'birth_ns': end_ns + 400 * DAY_NS}))
    with DiaryStore(folder / 'diary.sqlite') as store:
        lived(store, range(1, 6), end_ns)
    graph.start(NODE)
    graph.say(end_ns + 3000 * DAY_NS, end_ns + 3000 * DAY_NS - MINUTE_NS)
    graph.until(lambda: counted(graph, 'from_the_future') == 1)
    graph.say(end_ns, 0, False)
    graph.care_event.publish(care_message(CareEntry(
        'ahead', end_ns + 900 * DAY_NS, 'changed', 'crib')))
    known(graph, 5)
    graph.until(lambda: counted(graph, 'kept_needs') == counted(graph, 'refused_settings') == 1
                and counted(graph, 'care_from_the_future') == 1)
    said = graph.diagnosis(NODE)[1]
    assert 'written by a later version' in said and 'date of birth lies in the future' in said
    onset_ns = end_ns + 30 * MINUTE_NS
    graph.say(onset_ns + SECOND_NS, onset_ns)
    graph.until(lambda: graph.estimates[-1].episode_id == f'crib-{onset_ns}'
                and 'last fed' in graph.estimates[-1].need_reason)
    assert 'changed' not in graph.estimates[-1].need_reason, 'it has not happened'
    graph.kill(NODE)
    assert own.read_text() == newer and not files_aside(own), 'it is left as it is'
    own.unlink()
    graph.estimates.clear()
    graph.start(NODE)
    graph.say(end_ns, 0, False)
    graph.care_event.publish(care_message(CareEntry(
        'ahead again', end_ns + 900 * DAY_NS, 'changed', 'crib')))
    known(graph, 5)
    graph.until(lambda: counted(graph, 'care_from_the_future') and own.exists())
    graph.spin(1.0)
    assert all(stamp_ns < time.time_ns() + 2 * DAY_NS
               for stamp_ns, *_ in json.loads(own.read_text())['facts'])


def test_a_birth_is_taken_back_and_what_is_imported_after_forgetting_is_learnt(
        graph, tmp_path, capsys):
    end_ns = time.time_ns() - HOUR_NS
    with DiaryStore(tmp_path / 'baby_cry_detector' / 'diary.sqlite') as store:
        lived(store, range(1, 11), end_ns)

    def need(*arguments):
        assert main(['need', *arguments]) == 0, capsys.readouterr()
        return capsys.readouterr().out

    def commanded():
        return json.loads(need('report', '--json'))['of']

    file = str(tmp_path / 'kept.json')
    own = tmp_path / 'baby_cry_detector' / f'{graph.domain_id}.{NODE}.json'
    graph.start(NODE)
    graph.say(end_ns + 30 * MINUTE_NS, 0, False)
    known(graph, 10)
    need('export', file)
    need('birth', '2026-09-01')
    graph.until(lambda: json.loads(own.read_text())['birth_ns'] is not None, PATIENCE_S)
    need('birth', 'none')
    graph.until(lambda: json.loads(own.read_text())['birth_ns'] is None, PATIENCE_S)
    need('forget')
    known(graph, 0)
    assert commanded() == 0
    need('import', file)
    known(graph, 10)
    assert commanded() == 10
    with kept('crib'):                                  # a command is at work
        refused = graph.call(Trigger, f'{NODE}/forget', Trigger.Request())
    assert not refused.success and refused.message.endswith('try again')
    assert graph.call(Trigger, f'{NODE}/forget', Trigger.Request()).success
    known(graph, 0)
    assert commanded() == 0


def test_sound_counts_where_it_is_switched_on_and_is_forgotten_with_the_rest(graph):
    now_ns = time.time_ns() // SECOND_NS * SECOND_NS
    cries, facts, sounds = told_by_sound(start_ns=now_ns - 96 * 3 * HOUR_NS)
    with kept('crib') as (state, settings):
        state.keep(document_of({**settings, 'items': [*cries, *facts]}))
    for cry in cries:
        kept_voice.add('crib', EpisodeSound(cry.episode_id, cry.onset_ns, 'k 1',
                                            sounds[cry.episode_id]))
    onset_ns = now_ns - 10 * MINUTE_NS
    kept_voice.add('crib', EpisodeSound(f'crib-{onset_ns}', onset_ns, 'k 1',
                                        sounds[cries[-1].episode_id]))
    graph.start(NODE, use_sound=True)
    graph.say(onset_ns + MINUTE_NS, onset_ns)
    graph.until(lambda: graph.estimates and graph.estimates[-1].need_basis == CryNeed.BASIS_BOTH,
                PATIENCE_S)
    assert graph.estimates[-1].need != CryNeed.NEED_UNKNOWN and graph.estimates[-1].names_needs
    assert graph.call(Trigger, f'{NODE}/forget', Trigger.Request()).success
    graph.until(lambda: graph.estimates[-1].need == CryNeed.NEED_UNKNOWN
                and graph.estimates[-1].need_of == 0)
    assert kept_voice.sounds('crib') == ([], '')
    graph.say(onset_ns + 2 * MINUTE_NS, onset_ns, False, duration_ns=MINUTE_NS)   # it ends after
    graph.until(lambda: graph.estimates[-1].ready and not graph.estimates[-1].episode_id)
    assert graph.estimates[-1].need_of == 0


@pytest.mark.parametrize('use_sound', (True, False))
def test_the_classifier_keeps_how_an_episode_sounded_only_where_that_is_asked_for(
        start_graph, use_sound):
    running = start_graph({'cry_classifier': {'use_sound': use_sound}})
    probe = running.probe
    probe.wait_for_graph()
    probe.announce()
    start_ns = 1_700_000_000 * SECOND_NS
    samples = 10 ** (-60 / 20) * np.random.default_rng(1).standard_normal(14 * 16000)
    samples[32000:32000 + 96000] += synthesise_cry(6.0, seed=4)[:96000]
    probe.heard_until(probe.play(to_pcm16(samples), start_ns))
    names = {need.episode_id for need in probe.needs if need.crying}
    assert len(names) == 1
    found, _ = kept_voice.sounds('crib')
    assert {sound.episode_id for sound in found} == (names if use_sound else set())
    file = kept_voice.voice_file('crib')
    assert file.exists() == use_sound
    assert not use_sound or os.stat(file).st_mode & 0o777 == 0o600


def test_an_estimator_that_is_carried_to_another_crib_and_back_forgets_neither(graph, tmp_path):
    (tmp_path / 'baby_cry_detector').mkdir(parents=True)
    own = tmp_path / 'baby_cry_detector' / f'{graph.domain_id}.{NODE}.json'
    own.write_text('{"cries": broken')
    graph.start(NODE)
    start_ns = time.time_ns() - DAY_NS

    def live(crib, hour, count):
        for number in range(count):
            onset_ns = start_ns + (hour + number) * HOUR_NS
            end_ns = onset_ns + 6 * MINUTE_NS
            graph.say(onset_ns + MINUTE_NS, onset_ns, crib=crib)
            graph.spin(0.1)
            graph.care_event.publish(care_message(CareEntry(
                f'{crib}-{hour}-{number}', end_ns - MINUTE_NS, 'burped', crib)))
            graph.say(end_ns + SECOND_NS, onset_ns, False, duration_ns=end_ns - onset_ns,
                      crib=crib)
            graph.say(end_ns + 20 * MINUTE_NS, onset_ns, False, duration_ns=end_ns - onset_ns,
                      crib=crib)
            graph.spin(0.1)

    live('left', 0, 4)
    known(graph, 4)
    assert files_aside(own)
    live('right', 5, 2)
    known(graph, 2)
    live('left', 8, 1)
    known(graph, 5)
    graph.until(lambda: counted(graph, 'another_crib') == 2)
    live('right', 10, 1)
    known(graph, 3)
    assert 'can not be set aside' not in graph.log(NODE)


def test_forgotten_by_a_clock_that_was_ahead_is_said_and_mended_by_forgetting_again(graph):
    now_ns = time.time_ns()
    forget('crib', now_ns + 900 * DAY_NS)
    graph.start(NODE)
    graph.say(now_ns, 0, False)
    graph.until(lambda: 'while a clock was ahead' in graph.diagnosis(NODE)[1])
    assert graph.call(Trigger, f'{NODE}/forget', Trigger.Request()).success
    graph.until(lambda: 'ahead' not in graph.diagnosis(NODE)[1])
    newer = json.dumps({'format': 99})
    settings_file('crib').write_text(newer)
    graph.until(lambda: counted(graph, 'need_settings'))
    done = graph.call(Trigger, f'{NODE}/forget', Trigger.Request())
    assert done.success and 'later version' in done.message
    assert settings_file('crib').read_text() == newer, 'it is left as it is'
