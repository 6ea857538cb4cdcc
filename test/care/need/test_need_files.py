# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a node and the command make of the same files is the same, and no file is lost."""

import json
import os
import threading
import time

from baby_cry_detector import kept_needs, kept_voice
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Cry, Fact, LONGEST_LABEL
from baby_cry_detector.cli.main import main
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.kept_state import (files_aside, HeldError, KeptState, LARGEST_BYTES,
                                          read_document)
from baby_cry_detector.learnt_crib import LearntCrib
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import numpy as np
import pytest

pytestmark = pytest.mark.slow

# Of an episode that ended a moment ago it is not known yet what stopped it.
NOW = time.time_ns() // HOUR_NS * HOUR_NS - HOUR_NS


class Robot:
    """A machine with an estimator, its files, and the command."""

    def __init__(self, capsys, tmp_path):
        self.capsys, self.reports = capsys, []
        self.folder = tmp_path / 'baby_cry_detector'
        self.kept = self.folder / '0.need_estimator.json'
        self.settings = self.folder / '0.need.crib.json'

    def need(self, *arguments):
        """Run the command; return (exit code, output, errors)."""
        code = main(['need', *arguments])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def known(self, *arguments):
        """Return what the command says is known."""
        code, output, errors = self.need(*arguments, 'report', '--json')
        assert code == 0, errors
        return tuple(json.loads(output)[name] for name in ('episodes', 'right', 'of'))

    def node(self, crib='crib', then=lambda learnt: None):
        """Let a node of this machine live for a moment; return what it knows, as `known`."""
        state = KeptState('/need_estimator')
        learnt = LearntCrib(crib, state, default_path(), lambda *report: self.reports.append(
            report), time.time_ns())
        learnt.watch.on_state(CryState(stamp_ns=time.time_ns(), crib_id=crib))
        learnt.sync(time.time_ns())
        then(learnt)
        learnt.sync(time.time_ns())
        while not learnt.watch.step():
            pass
        learnt.keep(time.time_ns())
        state.close()
        self.birth_ns, self.troubles = learnt.watch.baby.birth_ns, dict(learnt.troubles)
        figures = learnt.watch.baby.record.figures(learnt.watch.now_ns)
        return len(learnt.watch.baby.answered), figures.right, figures.of

    def alike(self):
        """Return what the command says is known, and that the node says it too."""
        found = self.known()
        assert found == self.node() == self.known() == self.node()
        return found[2]


@pytest.fixture
def robot(capsys, tmp_path, monkeypatch):
    """Return a machine with no files at all."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    return Robot(capsys, tmp_path)


def days(numbers):
    """Return cries of so many times three hours ago, and what stopped them."""
    cries = [Cry(f'c-{number}', NOW - number * 3 * HOUR_NS,
                 NOW - number * 3 * HOUR_NS + 8 * MINUTE_NS) for number in numbers]
    return cries, [Fact(cry.end_ns - MINUTE_NS, 'fed') for cry in cries]


def write_diary(path, numbers):
    """Write those into a diary."""
    with DiaryStore(path) as store:
        for cry, fact in zip(*days(numbers)):
            store.write([EpisodeRow(cry.episode_id, 'crib', cry.onset_ns, cry.end_ns, False)],
                        [CareEntry(f'f-{cry.episode_id}', fact.stamp_ns, 'fed', 'crib')])


def exported(path, numbers, **more):
    """Write an exported file of those."""
    path.write_text(json.dumps({**journal.to_document(*days(numbers)), **more}))
    return str(path)


@pytest.mark.parametrize('has_diary', (True, False))
def test_node_and_command_answer_alike_whatever_is_forgotten_and_imported(
        robot, tmp_path, has_diary):
    if has_diary:
        write_diary(default_path(), range(10, 30))
    else:
        robot.node(then=lambda learnt: [learnt.watch.add(items)
                                        for items in days(range(10, 30))])
    assert robot.alike() == 20
    older = exported(tmp_path / 'older.json', range(40, 50), birth_ns=NOW - 90 * DAY_NS)
    assert robot.need('import', older)[0] == 0
    assert robot.alike() == 30 and robot.birth_ns == NOW - 90 * DAY_NS
    assert robot.need('forget')[0] == 0
    assert robot.alike() == 0 and robot.birth_ns is not None, 'when it was born stays known'
    assert robot.need('import', older)[0] == 0
    assert robot.alike() == 10, 'it was brought back on purpose'
    assert robot.need('birth', 'none')[0] == 0
    assert robot.alike() == 10 and robot.birth_ns is None
    assert robot.need('birth', '2026-08-01')[0] == 0
    assert robot.alike() == 10 and robot.birth_ns is not None
    robot.node(then=lambda learnt: learnt.forget(time.time_ns()))
    assert robot.alike() == 0


def test_a_diary_from_a_backup_leaves_both_with_what_was_heard(robot, tmp_path):
    write_diary(default_path(), range(10, 30))
    assert robot.alike() == 20
    write_diary(tmp_path / 'backup.sqlite', range(25, 35))
    os.replace(tmp_path / 'backup.sqlite', default_path())
    assert robot.alike() == 25
    with DiaryStore(tmp_path / 'other.sqlite'):
        pass
    code, _, errors = robot.need('--database', str(tmp_path / 'other.sqlite'), 'report')
    assert code == 1 and 'other.sqlite has no episode yet' in errors, 'named, it stands for itself'


def test_a_robot_on_which_nothing_has_happened_yet(robot, tmp_path):
    older = exported(tmp_path / 'older.json', range(10))
    for arguments in (('report',), ('explain',), ('forget',), ('export', older), ('birth', 'none'),
                      ('import', older)):
        code, _, errors = robot.need(*arguments)
        assert code == 1 and 'nothing is known of any crib: there is no diary at' in errors
        assert len(errors.splitlines()) == 1 and (
            'add --new-crib' in errors) == (arguments[0] in ('birth', 'import'))
        code, _, errors = robot.need('--crib', 'crib', *arguments)
        assert code == 2 and 'nothing is known of crib; there is no diary at' in errors
    assert not robot.folder.exists() or not any(robot.folder.iterdir())
    for arguments in (('birth', 'none', '--new-crib'), ('import', older, '--new-crib')):
        assert robot.need(*arguments)[0] == robot.need('--crib', '', *arguments)[0] == 2
    assert robot.need('--crib', 'crib', 'birth', '2026-08-01', '--new-crib')[0] == 0
    assert robot.need('explain')[2] == 'error: there is no episode yet that is over\n'
    assert robot.need('--crib', 'crib', 'import', older)[0] == 0, 'it is known now'
    assert robot.known() == robot.known('--crib', 'crib') == (10, 10, 10), 'the one that there is'
    assert robot.need('explain')[1].startswith('c-0, ')
    code, output, _ = robot.need('explain', 'c-5')
    assert code == 0 and 'it was hungry' in output
    assert robot.alike() == 10
    assert robot.need('--crib', 'crib', 'forget')[0] == 0
    assert robot.known() == (0, 0, 0) and robot.alike() == 0
    assert journal.read(json.loads(robot.settings.read_text())).items == []


def test_a_diary_that_is_broken_keeps_nobody_from_telling_and_forgetting(robot):
    robot.node(then=lambda learnt: [learnt.watch.add(items) for items in days(range(9))])
    default_path().write_bytes(b'not a diary' * 400)
    assert robot.alike() == 9 and 'diary can not be read' in robot.troubles['diary_not_read']
    code, _, errors = robot.need('report')
    assert code == 0 and 'what estimators have kept is taken alone' in errors
    assert robot.need('forget')[0] == 0 and robot.alike() == 0


def test_a_forgotten_mark_that_is_only_in_the_settings_counts(robot):
    """Versions before this one kept it there alone."""
    write_diary(default_path(), range(10, 30))
    robot.settings.write_text(json.dumps({'format': 2, 'birth_ns': None, 'cries': [], 'facts': [],
                                          'since_ns': NOW - 15 * 3 * HOUR_NS - MINUTE_NS}))
    assert robot.alike() == 6
    assert kept_needs.settings_of('crib')['since_ns'] and not kept_needs.forgotten_ns('crib')


def test_forgetting_empties_what_estimators_have_kept_and_what_was_set_aside(robot):
    robot.node(then=lambda learnt: [learnt.watch.add(items) for items in days(range(9))])
    robot.node('twin', lambda learnt: [learnt.watch.add(items) for items in days(range(4))])
    assert robot.known('--crib', 'crib')[2] == 9 and robot.known('--crib', 'twin')[2] == 4
    robot.settings.write_text('{"cries": [5]}')
    assert robot.known('--crib', 'crib')[2] == 9 and files_aside(robot.settings)
    held = KeptState('/need_estimator')                 # the node runs, and hears the twin
    assert robot.need('--crib', 'crib', 'forget')[0] == 0
    assert robot.need('--crib', 'twin', 'forget')[0] == 0
    held.close()
    assert not files_aside(robot.settings)
    texts = {path.name: path.read_text() for path in robot.folder.glob('*.json')}
    assert 'c-3' not in texts['0.need_estimator.crib.json']
    assert 'c-3' in texts['0.need_estimator.json'], 'the node that runs does it'
    assert robot.known('--crib', 'twin') == robot.node('twin') == (0, 0, 0)
    assert 'c-3' not in robot.kept.read_text()


def test_a_node_that_runs_forgets_though_its_settings_can_not_be_read(robot):
    def lose_them_and_forget(learnt):
        learnt.watch.add(days(range(9))[0])
        robot.settings.unlink(missing_ok=True)
        robot.settings.mkdir()
        assert 'Is a directory' in kept_needs.forget('crib', time.time_ns())

    assert robot.node(then=lose_them_and_forget)[0] == 0
    assert 'can not be read' in robot.troubles['need_settings']
    assert 'c-3' not in robot.kept.read_text()


def test_broken_settings_cost_what_only_they_held_and_say_so(robot, tmp_path):
    write_diary(default_path(), range(10, 20))
    assert robot.need('birth', '2026-08-01')[0] == 0
    assert robot.need('import', exported(tmp_path / 'older.json', range(40, 50)))[0] == 0
    assert robot.alike() == 20
    birth_ns = robot.birth_ns
    robot.settings.write_text('{"since_ns": "x"}')
    assert robot.node()[2] == 20 and robot.birth_ns == birth_ns, 'the estimator has kept it'
    (_, sentence), = robot.reports
    assert str(robot.settings) in sentence and 'date of birth and what was imported' in sentence
    assert robot.alike() == 20 and robot.birth_ns == birth_ns
    assert robot.need('forget')[0] == 0
    assert robot.alike() == 0 and robot.birth_ns == birth_ns, 'forgetting says nothing of it'


@pytest.mark.parametrize('content', ('{"format": 99, "crib": "crib"}', '{"format": 99}'))
def test_what_a_later_version_kept_is_left_where_it_is_and_said(robot, content):
    write_diary(default_path(), range(10, 20))
    robot.kept.write_text(content)
    assert robot.node()[2] == 10, 'the diary is learnt all the same'
    assert robot.kept.read_text() == content and not files_aside(robot.kept)
    assert 'written by a later version' in robot.troubles['kept_needs']
    assert 'left as it is' in robot.troubles['kept_needs'] and len(robot.reports) == 1
    code, _, errors = robot.need('report', '--json')
    assert code == 0 and str(robot.kept) in errors and 'later version' in errors
    assert robot.need('forget')[0] == 0
    assert robot.kept.read_text() == content
    robot.node('twin')
    robot.node('crib')
    assert robot.kept.read_text() == content, 'nor when another crib was heard between'


def test_what_can_not_be_read_is_not_written_over(robot, monkeypatch):
    robot.node(then=lambda learnt: [learnt.watch.add(items) for items in days(range(9))])
    before = robot.kept.read_text()

    def refused(*_):
        raise OSError('Input/output error')

    with monkeypatch.context() as patch:
        patch.setattr(KeptState, 'read', refused)
        robot.node(then=lambda learnt: [learnt.watch.add(items) for items in days([12])])
    assert 'Input/output error' in robot.troubles['kept_needs']
    assert robot.kept.read_text() == before and robot.node()[2] == 9


def test_killed_between_two_cribs_loses_neither(robot, monkeypatch):
    robot.node('left', lambda learnt: [learnt.watch.add(items) for items in days(range(5))])
    robot.node('right', lambda learnt: [learnt.watch.add(items) for items in days(range(3))])
    os.replace(robot.kept, robot.folder / '0.need_estimator.right.json')    # killed here
    assert robot.node('left')[2] == 5 and robot.node('right')[2] == 3


def test_whoever_holds_the_settings_is_waited_for_and_then_told_of(robot, monkeypatch):
    write_diary(default_path(), range(10, 20))
    holding, done = threading.Event(), threading.Event()

    def hold():
        with kept_needs.kept('crib'):
            holding.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(60)
    assert robot.node()[2] == 10, 'whoever only reads waits for nobody'
    with monkeypatch.context() as patch:
        patch.setattr(kept_needs, 'PATIENCE_S', 0.0)
        with pytest.raises(HeldError, match=r'0\.need\.crib\.json; try again$'):
            kept_needs.forget('crib', NOW)
        code, _, errors = robot.need('forget')
        assert code == 1 and errors.endswith('try again\n') and len(errors.splitlines()) == 1
    threading.Timer(0.3, done.set).start()
    kept_needs.forget('crib', NOW + DAY_NS)             # waits for it
    thread.join()
    assert kept_needs.forgotten_ns('crib') == NOW + DAY_NS


@pytest.mark.parametrize('length, label', ((25, 'x'), (300, 'x'), (25, '…' * 500), (501, 'x')))
def test_whatever_happened_what_is_kept_of_it_can_be_read_again(robot, length, label):
    name = 'é' * (length - 5)
    cries = [Cry(f'{name}{number:05d}', NOW - (7000 - number) * 20 * MINUTE_NS,
                 NOW - (7000 - number) * 20 * MINUTE_NS + MINUTE_NS) for number in range(7000)]
    facts = [Fact(cry.end_ns, 'labelled', cry.episode_id, label) for cry in cries]
    document = journal.to_document(cries, facts)
    assert len(json.dumps(document)) <= journal.MOST_BYTES + 100 < LARGEST_BYTES
    found = journal.read(read_document(json.dumps({**document, 'crib': 'é' * 500}).encode()))
    assert len(found.items) == len(cries) + len(facts) - document['left_out']
    if length > journal.LONGEST_NAME:
        assert not found.items
        return
    oldest = min(item.onset_ns if isinstance(item, Cry) else item.stamp_ns for item in found.items)
    assert all(cry in found.items for cry in cries[::100] if cry.onset_ns > oldest + MINUTE_NS)
    assert cries[-1] in found.items and oldest > cries[900].onset_ns
    assert f'the oldest {document["left_out"]} things' in journal.left_out_sentence(document)


def test_a_robot_that_has_no_room_for_all_says_so_and_keeps_the_newest(robot, tmp_path):
    facts = [Fact(NOW - number * 20 * MINUTE_NS, 'labelled', 'n' * 450, 'x' * LONGEST_LABEL)
             for number in range(4000)]
    robot.node(then=lambda learnt: learnt.watch.add(facts))
    assert 'are not kept: there is no room for more' in robot.troubles['needs_not_kept']
    assert len(robot.reports) == 1
    assert robot.kept.stat().st_size <= LARGEST_BYTES
    kept = journal.read(read_document(robot.kept.read_bytes())).items
    assert kept == sorted(facts)[-len(kept):] and len(kept) > 1000
    file = tmp_path / 'whole.json'
    assert robot.need('export', str(file))[0] == 0
    assert robot.need('forget')[0] == 0
    code, _, errors = robot.need('import', str(file))
    assert code == 0 and not errors.startswith('warning')
    old = exported(tmp_path / 'old.json', [0, 8 * 201])
    document = json.loads((tmp_path / 'old.json').read_text())
    document['facts'].append([NOW - 300 * DAY_NS, 'fed'])
    (tmp_path / 'old.json').write_text(json.dumps(document))
    code, _, errors = robot.need('import', old)
    assert code == 0 and 'warning: 1 of 3 things in' in errors and 'too old' in errors, errors


def test_what_was_forgotten_of_the_voice_is_the_same_for_both(robot):
    write_diary(default_path(), range(10, 20))
    kept_voice.add('crib', EpisodeSound('c-12', NOW - 36 * HOUR_NS, 'k 1', np.ones(8, np.float32)))
    assert robot.alike() == 10
    assert 'how 1 episodes sounded' in robot.need('voice')[1]
    assert robot.need('forget')[0] == 0
    assert 'nothing is kept' in robot.need('--crib', 'crib', 'voice')[1]
