# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry need`: learnt from the diary, told, forgotten, carried elsewhere."""

import json

from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.cli.main import main
from baby_cry_detector.units import HOUR_NS, MINUTE_NS
import pytest

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
    for content in ('', '[]',
                    '{"cries": 5}', '{"format": 9, "cries": [[1]]}', '{', '{"facts": [[1, "x"]]}'):
        bad.write_text(content)
        code, _, errors = run(capsys, path, 'import', str(bad))
        assert code == 1 and len(errors.splitlines()) == 1, (content, errors)
    whole = tmp_path / 'whole.json'
    assert run(capsys, path, 'export', str(whole))[0] == 0
    before = run(capsys, path, 'report')[1]
    for birth_ns in (4 * 10**18, -4 * 10**18):
        bad.write_text(json.dumps({**json.loads(whole.read_text()), 'birth_ns': birth_ns}))
        code, _, errors = run(capsys, path, 'import', str(bad))
        assert code == 2 and 'lies in the future, or before 1970' in errors, errors
    assert run(capsys, path, 'report')[1] == before
    for arguments, code in ((('birth', '2999-01-01'), 2), (('birth', 'soon'), 2),
                            (('explain', 'nobody'), 1), (('import', '/nowhere'), 1)):
        found, _, errors = run(capsys, path, *arguments)
        assert found == code and len(errors.splitlines()) == 1, errors
    state = tmp_path / 'state' / 'baby_cry_detector'
    file = next(state.glob('*need*.json'), state / '0.need.crib.json')
    file.write_text('{"since_ns": "x"}')
    code, output, errors = run(capsys, path, 'report')
    assert code == 0 and '40 episodes' in output and 'is learnt again' in errors
    with DiaryStore(path) as store:
        store.write([EpisodeRow('t', 'twin', START_NS, START_NS + 1, False)])
    code, _, errors = run(capsys, path, 'report')
    assert code == 2 and 'crib, twin' in errors
    assert run(capsys, path, '--crib', 'twin', 'report')[0] in (0, 2)


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
