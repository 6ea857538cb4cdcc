# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry need`: learnt from the diary, told, forgotten, carried elsewhere."""

import json
import os
import time

from baby_cry_detector import kept_voice
from baby_cry_detector.care.diary.export import time_text
from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.care.need.watching import CribWatch
from baby_cry_detector.cli.main import main
from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.kept_needs import forget, forgotten_ns, kept
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import numpy as np
import pytest

pytestmark = pytest.mark.slow

START_NS = 1_790_000_000_000_000_000


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Return a diary of 40 cries that were stopped by feeding."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    path = tmp_path / 'diary.sqlite'
    with DiaryStore(path) as store:
        for number in range(40):
            onset_ns = START_NS + number * 3 * HOUR_NS
            store.write([EpisodeRow(f'c-{number}', 'crib', onset_ns, onset_ns + 8 * MINUTE_NS,
                                    False)],
                        [CareEntry(f'f-{number}', onset_ns + 7 * MINUTE_NS, 'fed')])
    return path


def run(capsys, path, *arguments):
    """Run the command; return (exit code, output, errors)."""
    code = main(['need', '--database', str(path), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_report_explain_export_forget_import(capsys, path, tmp_path):
    code, output, _ = run(capsys, path, 'report')
    assert code == 0 and '40 episodes, of 40 it is known' in output
    assert 'right 40 of 40' in output and 'no need is named yet' in output, 'it beats nobody'
    report = json.loads(run(capsys, path, 'report', '--json')[1])
    assert (report['right'], report['of'], report['base_right'], report['names_needs']) == (
        40, 40, 40, False)
    code, output, _ = run(capsys, path, 'explain')
    assert code == 0 and 'not known yet (last fed 2 h 5' in output and 'it was hungry' in output
    assert run(capsys, path, 'explain', 'c-3')[1].startswith('c-3, ')
    kept = tmp_path / 'kept.json'
    assert run(capsys, path, 'export', str(kept))[0] == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run(capsys, path, 'birth', '2026-08-01')[0] == 0
    assert run(capsys, path, 'forget')[0] == 0
    assert json.loads(run(capsys, path, 'report', '--json')[1])['of'] == 0
    assert run(capsys, path, 'import', str(kept))[0] == 0
    assert json.loads(run(capsys, path, 'report', '--json')[1])['of'] == 40, 'from the file alone'


def test_mistakes_are_one_sentence_and_keep_the_old_state(capsys, path, tmp_path):
    bad = tmp_path / 'bad.json'
    for content, said in (
            ('', 'is no JSON'), ('[]', 'no object'), ('{', 'is no JSON'), ('{}', 'holds nothing'),
            ('{"cries": 5}', 'cries in it is no list'), ('{"facts": {}}', 'facts in it is no'),
            ('{"format": 9, "cries": [[1]]}', 'by a later version'),
            ('{"format": -1, "facts": [[1, "fed"]]}', 'format -1 in it is none'),
            ('{"cries": [["c", 5, 5, 0.5], [1]]}', 'entry 2 of cries in it is no episode'),
            ('{"cries": ["abcd"]}', 'entry 1 of cries'), ('{"facts": [7]}', 'entry 1 of facts'),
            ('{"facts": [[1, "fed"], [1, "x"]]}', 'entry 2 of facts in it is nothing that was'),
            ('{"facts": [[1, "fed", "c"]]}', 'entry 1 of facts'),
            ('{"facts": [[-1, "fed"]]}', 'entry 1 of facts'),
            ('{"birth_ns": "x", "facts": [[1, "fed"]]}', 'birth_ns in it is no time')):
        bad.write_text(content)
        code, _, errors = run(capsys, path, 'import', str(bad))
        assert code == 1 and len(errors.splitlines()) == 1, (content, errors)
        assert str(bad) in errors and 'unpack' not in errors and said in errors, errors
    whole = tmp_path / 'whole.json'
    assert run(capsys, path, 'export', str(whole))[0] == 0
    before = run(capsys, path, 'report')[1]
    for birth_ns in (4 * 10**18, -4 * 10**18):
        bad.write_text(json.dumps({**json.loads(whole.read_text()), 'birth_ns': birth_ns}))
        code, _, errors = run(capsys, path, 'import', str(bad))
        assert code == 2 and 'lies in the future, or before 1970' in errors, errors
        assert str(bad) in errors
    assert run(capsys, path, 'report')[1] == before
    for arguments, code in ((('birth', '2999-01-01'), 2), (('birth', 'soon'), 2),
                            (('explain', 'nobody'), 1), (('import', '/nowhere'), 1)):
        found, _, errors = run(capsys, path, *arguments)
        assert found == code and len(errors.splitlines()) == 1, errors
    state = tmp_path / 'state' / 'baby_cry_detector'
    assert not state.exists(), 'whoever only looks writes nothing'
    state.mkdir(parents=True)
    file = state / '0.need.crib.json'
    file.write_text('{"since_ns": "x"}')
    code, output, errors = run(capsys, path, 'report')
    assert code == 0 and '40 episodes' in output and 'is learnt again' in errors
    assert str(file) in errors and 'since_ns in it is no time' in errors
    assert 'the date of birth and what was imported' in errors and len(errors.splitlines()) == 1
    with DiaryStore(path) as store:
        store.write([EpisodeRow('t', 'twin', START_NS, START_NS + 1, False)])
    code, _, errors = run(capsys, path, 'report')
    assert code == 2 and 'crib, twin' in errors
    assert run(capsys, path, '--crib', 'twin', 'report')[0] in (0, 2)


def files(tmp_path):
    """Return what lies in the folder of states, by name."""
    folder = tmp_path / 'state' / 'baby_cry_detector'
    return {file.name: file.read_bytes() for file in folder.glob('*')
            if file.suffix != '.lock'} if folder.exists() else {}


def test_a_file_of_a_later_version_is_refused_and_stays_where_it_is(capsys, path, tmp_path):
    assert run(capsys, path, 'birth', '2026-08-01')[0] == 0
    (name,) = files(tmp_path)
    newer = json.dumps({'format': 99, 'birth_ns': 5}).encode()
    (tmp_path / 'state' / 'baby_cry_detector' / name).write_bytes(newer)
    for arguments in (('report',), ('explain',), ('birth', 'none')):
        code, _, errors = run(capsys, path, *arguments)
        assert code == 1 and len(errors.splitlines()) == 1, errors
        assert 'written by a later version of this program; it is left as it is' in errors
        assert files(tmp_path) == {name: newer}


@pytest.mark.parametrize('is_folder', (False, True))
def test_forgetting_does_not_wait_for_settings_that_can_not_be_changed(capsys, path, tmp_path,
                                                                       is_folder):
    kept_voice.add('crib', EpisodeSound('c-3', START_NS, 'k 1', np.ones(8, np.float32)))
    folder = tmp_path / 'state' / 'baby_cry_detector'
    (folder / '0.left.need_estimator.json').write_text(json.dumps(
        {**journal.to_document([Cry('c-1', START_NS, START_NS + 1)], []), 'crib': 'crib'}))
    settings = folder / '0.need.crib.json'
    newer = json.dumps({'format': 99, 'birth_ns': 5, 'crib': 'crib'})
    if is_folder:
        settings.mkdir()
    else:
        settings.write_text(newer)
    code, _, errors = run(capsys, path, 'forget')
    assert code == 0, errors
    assert f'{settings} ' in errors and 'stays as it is' in errors and 'does not count' in errors
    assert ('directory' if is_folder else 'later version') in errors
    assert len(errors.splitlines()) == 2, 'what stays, and that it is forgotten'
    assert (folder / '0.need.crib.forgotten').exists()
    assert not kept_voice.sounds('crib')[0]
    assert 'c-1' not in (folder / '0.left.need_estimator.json').read_text()
    if is_folder:
        settings.rmdir()
    else:
        assert settings.read_text() == newer
        # As this version reads it: what was imported lies before the mark.
        cry = Cry('old', START_NS, START_NS + MINUTE_NS)
        settings.write_text(json.dumps(journal.to_document([cry], [], since_ns=5)))
    report = json.loads(run(capsys, path, 'report', '--json')[1])
    assert report['episodes'] == 0 and report['since_ns'] == forgotten_ns('crib')


def test_after_forgetting_the_report_says_so(capsys, path, tmp_path):
    kept = tmp_path / 'kept.json'
    assert run(capsys, path, 'export', str(kept))[0] == 0
    assert 'forgotten' not in run(capsys, path, 'report')[1]
    assert run(capsys, path, 'forget')[0] == 0
    said = f'forgotten on {time_text(forgotten_ns("crib"))}; what was before does not count'
    assert said in run(capsys, path, 'report')[1].splitlines()
    assert said in run(capsys, path, 'explain')[2]
    assert run(capsys, path, 'import', str(kept))[0] == 0
    assert f'{said}, but for what was imported since' in run(capsys, path, 'report')[1]


def write_import(tmp_path, cries, facts=(), **more):
    """Write a file to be imported; return its name."""
    file = tmp_path / 'import.json'
    file.write_text(json.dumps({**journal.to_document(cries, facts), **more}))
    return str(file)


def one_cry(name, onset_ns):
    """Return an episode."""
    return Cry(name, onset_ns, onset_ns + MINUTE_NS)


def test_names_command_no_terminal_and_break_no_line(capsys, path, tmp_path):
    bad = '\x1b[31mred\nline'
    shown = r'\x1b[31mred\nline'
    later_ns = START_NS + 400 * HOUR_NS
    assert run(capsys, path, 'import', write_import(
        tmp_path, [one_cry(bad, later_ns)], crib=bad))[2].endswith(
        f'import.json knows of the baby in {shown} is known of the baby in crib too\n')
    assert run(capsys, path, 'explain')[1].startswith(f'{shown}, ')
    with DiaryStore(path) as store:
        store.write([EpisodeRow('t', bad, START_NS, START_NS + 1, False)])
    errors = run(capsys, path, 'report')[2]
    assert errors == f'error: --crib: expected one of {shown}, crib\n'
    assert run(capsys, path, '--crib', 'x\ny', 'report')[2].startswith(
        rf'error: --crib: nothing is known of x\ny; expected one of {shown}, crib')
    for arguments in (('report',), ('voice',), ('voice', '--erase'), ('forget',), ('explain',)):
        _, output, errors = run(capsys, path, '--crib', bad, *arguments)
        assert '\x1b' not in output + errors and 'red\n' not in output + errors
        if arguments != ('explain',):
            assert shown in output + errors


def test_of_an_import_that_is_left_out_is_said_why(capsys, path, tmp_path):
    now_ns = time.time_ns()
    known = run(capsys, path, 'report')[1]
    ahead = one_cry('ahead', now_ns + 20 * DAY_NS)
    code, _, errors = run(capsys, path, 'import', write_import(tmp_path, [ahead]))
    assert code == 1 and 'nothing of ' in errors and '1 are later than the clock here' in errors
    assert files(tmp_path) == {} and run(capsys, path, 'report')[1] == known
    moved = [one_cry(f'c-{number}', START_NS + (number * 3 + 1) * HOUR_NS) for number in range(4)]
    facts = [Fact(moved[0].end_ns, 'labelled', 'c-0', 'tired')]
    code, _, errors = run(capsys, path, 'import', write_import(tmp_path, moved, facts))
    assert code == 1 and '5 are of episodes whose names others have here' in errors
    assert 'known' not in errors and run(capsys, path, 'report')[1] == known
    file = write_import(tmp_path, [*moved, ahead, one_cry('new', START_NS + HOUR_NS)], facts)
    for said in ('1 of 7 things in', '0 of 7 things in'):
        code, _, errors = run(capsys, path, 'import', file)
        assert code == 0 and 'warning: 6 of 7 things in' in errors and f'\n{said}' in errors
        with kept('crib') as (_, settings):
            assert [item.episode_id for item in settings['items']] == ['new']
    assert '41 episodes' in run(capsys, path, 'report')[1]


def test_what_is_imported_again_is_kept_once_and_said_to_be_known(capsys, path, tmp_path):
    file = tmp_path / 'kept.json'
    assert run(capsys, path, 'export', str(file))[0] == 0
    assert json.loads(file.read_text())['crib'] == 'crib'
    for _ in range(2):
        code, _, errors = run(capsys, path, 'import', str(file))
        assert code == 0
        assert errors == f'what {file} knows was known of the baby in crib already\n'
    code, _, errors = run(capsys, path, '--crib', 'twin', 'import', str(file), '--new-crib')
    assert code == 0 and 'knows of the baby in crib is known of the baby in twin too' in errors
    longer = [Cry('x', START_NS + HOUR_NS, START_NS + HOUR_NS + lasts * MINUTE_NS)
              for lasts in (2, 3)]
    for cry in longer:
        assert run(capsys, path, 'import', write_import(tmp_path, [cry]))[0] == 0
    with kept('crib') as (_, settings):
        cries = [item for item in settings['items'] if isinstance(item, Cry)]
    assert len(cries) == 41 and longer[0] in cries
    clashing = [longer[0], one_cry('x', START_NS + 50 * HOUR_NS)]
    assert journal.merge(clashing, [], [longer[0]], START_NS).items == [longer[0]]


@pytest.mark.parametrize('mark', (None, b'', b'torn\x00'))
def test_what_is_forgotten_stays_so_whatever_becomes_of_the_settings(capsys, path, tmp_path, mark):
    assert run(capsys, path, 'forget')[0] == 0
    folder = tmp_path / 'state' / 'baby_cry_detector'
    if mark is not None:
        (folder / '0.need.crib.forgotten').write_bytes(mark)
        now_s = (START_NS + 90 * 24 * HOUR_NS) / 1e9
        os.utime(folder / '0.need.crib.forgotten', (now_s, now_s))
    for broken in ('{', '{"since_ns": "x"}', None):
        if broken is None:
            (folder / '0.need.crib.json').unlink(missing_ok=True)
        else:
            (folder / '0.need.crib.json').write_text(broken)
        code, output, errors = run(capsys, path, 'report', '--json')
        assert code == 0 and json.loads(output)['episodes'] == 0, errors
    assert sum(name.endswith('.bad') for name in files(tmp_path)) == 2


def test_forgotten_while_the_clock_was_ahead_is_said_and_forgetting_again_mends_it(
        capsys, path, tmp_path):
    ahead_ns = time.time_ns() + 900 * 24 * HOUR_NS
    forget('crib', ahead_ns)
    code, output, errors = run(capsys, path, 'report', '--json')
    assert code == 0 and json.loads(output)['episodes'] == 0
    assert 'forgotten while a clock was ahead' in errors and 'forget once more' in errors
    assert run(capsys, path, 'forget')[0] == 0
    assert 'ahead' not in run(capsys, path, 'report')[2]
    watch = CribWatch('crib', since_ns=ahead_ns)
    with kept('crib') as (_, settings):
        watch.take_settings(settings, time.time_ns())
    assert watch.since_ns == settings['since_ns'] < ahead_ns, 'the node too'


def test_whose_baby_may_stand_before_the_action_or_after_it(capsys, path):
    before = run(capsys, path, '--crib', 'crib', 'report')
    assert before[0] == 0
    assert run(capsys, path, 'report', '--crib', 'crib') == before
    assert main(['need', 'report', '--crib', 'crib', '--database', str(path)]) == 0
    assert capsys.readouterr().out == before[1]
    assert run(capsys, path, 'report', '--crib', 'other')[0] == 2


def test_a_crib_that_is_not_there_is_refused_and_gets_no_file(capsys, path, tmp_path):
    exported = tmp_path / 'kept.json'
    assert run(capsys, path, 'export', str(exported))[0] == 0
    for arguments in (('forget',), ('birth', '2026-08-01'), ('report',), ('voice', '--erase'),
                      ('import', str(exported)), ('explain',), ('export', str(exported))):
        code, _, errors = run(capsys, path, '--crib', 'typo', *arguments)
        assert code == 2 and 'nothing is known of typo; expected one of crib' in errors, errors
        assert ('--new-crib' in errors) == (arguments[0] in ('birth', 'import'))
    assert files(tmp_path) == {}
    assert run(capsys, path, '--crib', 'twin', 'import', str(exported), '--new-crib')[0] == 0
    assert json.loads(run(capsys, path, '--crib', 'twin', 'report', '--json')[1])['of'] == 40


def test_the_voice_is_erased_by_command(capsys, path):
    for number in range(3):
        kept_voice.add('crib', EpisodeSound(f'c-{number}', START_NS + number * HOUR_NS, 'k 1',
                                            np.ones(8, np.float32)))
    assert 'how 3 episodes sounded' in run(capsys, path, 'voice')[1]
    code, _, errors = run(capsys, path, 'voice', '--erase')
    assert code == 0 and 'erased how 3 episodes' in errors
    assert 'nothing is kept of how the baby sounds' in run(capsys, path, 'voice')[1]


def test_explain_tells_a_guess_from_what_was_entered_and_the_habits_of_that_time(capsys, path):
    first, last = (run(capsys, path, 'explain', name)[1] for name in ('c-1', 'c-39'))
    for line in last.splitlines():
        if 'a nap lasts' in line or 'wet or uncomfortable after' in line:
            assert 'the published guess' in line
        if 'hungry again after' in line:
            assert 'guess' not in line and line not in first.splitlines(), 'it was not known yet'
    assert 'hungry again after' in last and 'a nap lasts' in last
    with DiaryStore(path) as store:
        store.write([], [CareEntry('l', START_NS + 500 * HOUR_NS, 'labelled', episode_id='c-39',
                                   label='unknown')])
    said = run(capsys, path, 'explain')[1]
    assert said.endswith('a caregiver said that it was none of these, or that it is not known\n')


def test_without_a_diary_what_the_estimator_has_kept_is_told(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    folder = tmp_path / 'baby_cry_detector'

    def ask(*arguments):
        code = main(['need', *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    code, _, errors = ask('report')
    assert code == 1 and 'there is no diary' in errors and len(errors.splitlines()) == 1
    cries = [Cry(f'c-{number}', START_NS + number * 3 * HOUR_NS,
                 START_NS + number * 3 * HOUR_NS + 8 * MINUTE_NS) for number in range(20)]
    facts = [Fact(cry.end_ns - MINUTE_NS, 'fed') for cry in cries]
    folder.mkdir(exist_ok=True)
    kept = json.dumps({**journal.to_document(cries, facts), 'crib': 'left'})
    (folder / '0.left.need_estimator.json').write_text(kept)
    (folder / '0.broken.need_estimator.json').write_text('{')
    assert json.loads(ask('report', '--json')[1])['of'] == 20
    assert ask('explain')[1].startswith('c-19, ')
    assert ask('forget')[0] == 0
    assert json.loads(ask('report', '--json')[1])['of'] == 0
    (folder / '0.right.need_estimator.json').write_text(kept.replace('"left"', '"right"'))
    code, _, errors = ask('report')
    assert code == 2 and 'left, right' in errors
    assert json.loads(ask('--crib', 'right', 'report', '--json')[1])['of'] == 20
