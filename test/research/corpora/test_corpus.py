# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The corpus command on small packages made here: what comes, what is left out, what goes on."""

import csv
import io
import shutil
import subprocess
import tarfile
import zipfile

from baby_cry_detector.cli.main import main
from baby_cry_detector.research.corpus.build import build, deal_folds
from baby_cry_detector.research.corpus.fetch import version_of
from baby_cry_detector.research.corpus.notices import notice_of, read_stanzas
from baby_cry_detector.research.corpus.recipe import load_recipe, RecipeError
from baby_cry_detector.research.corpus.unpack import carve, unpack
from baby_cry_detector.research.training.manifest import load_clips
import numpy as np
import pytest
import soundfile

RATE = 22050
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001 Somebody
License: GPL-2+

Files: data/music/*.ogg
Copyright: 2003 A Composer
License: CC-BY-SA-3.0
 The text of the licence.

Files: debian/*
Copyright: 2010 A Packager
License: MIT
"""


def sound(seed, seconds=1.0, rate=RATE, form='WAV'):
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    loudness = np.interp(np.arange(n), np.linspace(0, n, 40), rng.uniform(0.02, 1, 40))
    x = 0.3 * loudness * np.sin(2 * np.pi * rng.uniform(200, 900) * np.arange(n) / rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, x, rate, format=form)
    return buffer.getvalue()


@pytest.fixture()
def tree(tmp_path):
    """Return a folder like an unpacked package."""
    root = tmp_path / 'tree'
    files = {'data/music/one.ogg': sound(1, 7.0, form='OGG'),
             'data/music/two.ogg': sound(2, 2.0, form='OGG'),
             'data/sfx/bang.wav': sound(3), 'data/sfx/same.wav': sound(3),
             'data/sfx/broken.wav': b'RIFF nothing more', 'data/sfx/click.wav': sound(4, 0.05),
             'data/sfx/still.wav': wav_of_silence(), 'data/readme.txt': b'text',
             'doc/copyright': COPYRIGHT.encode()}
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def wav_of_silence():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(RATE), RATE, format='WAV')
    return buffer.getvalue()


def recipe(tmp_path, text):
    file = tmp_path / 'recipe.yaml'
    file.write_text(text)
    return file


def one_source(tmp_path, tree, more=''):
    return load_recipe(recipe(tmp_path, f"""sources:
  - {{name: made, how: folder, get: "{tree}", license: CC0, kinds: [['*/music/*', music],
     ['*', effect]], group: '{{source}}:{{1}}', group_regex: 'data/([a-z]+)'{more}}}
"""))


def test_a_folder_becomes_a_manifest_and_what_is_wrong_is_listed(tmp_path, tree):
    corpus = build(one_source(tmp_path, tree), tmp_path / 'out')
    assert not corpus.failed
    labels = {row['origin']: row['label'] for row in corpus.rows}
    assert labels == {'data/music/one.ogg': 'music', 'data/music/two.ogg': 'music',
                      'data/sfx/bang.wav': 'effect'}
    why = {path: text for _, path, text in corpus.problems}
    assert 'copy of made: data/sfx/bang.wav' in why['data/sfx/same.wav']
    assert 'ffmpeg' in why['data/sfx/broken.wav']
    assert 'too short' in why['data/sfx/click.wav'] and 'silence' in why['data/sfx/still.wav']
    with open(tmp_path / 'out' / 'problems.csv', newline='') as stream:
        assert len(list(csv.DictReader(stream))) == len(corpus.problems) == 4
    clips = load_clips(tmp_path / 'out')
    assert {clip.kind for clip in clips} == {'not_cry'}
    assert {clip.group for clip in clips} == {'made:music', 'made:sfx'}
    by_path = {clip.extra['origin']: clip for clip in clips}
    assert by_path['data/music/one.ogg'].extra['license'] == 'CC-BY-SA-3.0'
    assert by_path['data/music/one.ogg'].extra['author'] == '2003 A Composer'
    assert by_path['data/sfx/bang.wav'].extra['license'] == 'GPL-2+'
    for clip in clips:
        about = soundfile.info(str(clip.file))
        assert (about.samplerate, about.channels) == (16000, 1)
        assert about.frames / 16000 == pytest.approx(float(clip.extra['duration_s']), abs=1e-3)
    assert by_path['data/music/one.ogg'].extra['duration_s'].startswith('7.0')


def test_a_stopped_source_goes_on_and_a_finished_one_is_left_alone(tmp_path, tree, monkeypatch):
    from baby_cry_detector.research.corpus import decode
    true_decode, calls = decode.decode, []

    def full_after_one(file, target, longest_s):
        if len(calls) == 1:
            raise OSError(28, 'No space left on device')
        calls.append(file.name)
        return true_decode(file, target, longest_s)

    sources = one_source(tmp_path, tree)
    monkeypatch.setattr(decode, 'decode', full_after_one)
    with pytest.raises(OSError, match='No space'):
        build(sources, tmp_path / 'out')
    kept = list((tmp_path / 'out' / 'clips').rglob('*.flac'))
    assert len(kept) == 1 and not list((tmp_path / 'out').rglob('*.partial'))
    before = kept[0].stat().st_mtime_ns

    def counted(file, target, longest_s):
        calls.append(file.name)
        return true_decode(file, target, longest_s)

    monkeypatch.setattr(decode, 'decode', counted)
    first = build(sources, tmp_path / 'out')
    assert kept[0].stat().st_mtime_ns == before and calls.count('one.ogg') == 1
    done = len(calls)
    assert build(sources, tmp_path / 'out').rows == first.rows and len(calls) == done


def test_a_source_that_is_gone_leaves_the_rest(tmp_path, tree, capsys):
    file = recipe(tmp_path, f"""sources:
  - {{name: gone, how: folder, get: "{tmp_path}/nowhere"}}
  - {{name: made, how: folder, get: "{tree}"}}
""")
    assert main(['corpus', str(file), '--out', str(tmp_path / 'out'), '--json']) == 1
    said = capsys.readouterr()
    assert 'gone: ' in said.err and 'not to be had: gone' in said.err
    assert '"failed": ["gone"]' in said.out
    assert len(load_clips(tmp_path / 'out')) == 3
    # It is there again: the same command goes on.
    shutil.copytree(tree / 'data' / 'music', tmp_path / 'nowhere')
    assert main(['corpus', str(file), '--out', str(tmp_path / 'out')]) == 0
    capsys.readouterr()


@pytest.mark.parametrize('kind', ['deb', 'zip', 'tgz'])
def test_packages_give_their_audio_and_notices(tmp_path, tree, kind):
    package = tmp_path / f'made_1.0_all.{kind}'
    if kind == 'deb':
        if shutil.which('dpkg-deb') is None:
            pytest.skip('no dpkg-deb on this machine')
        (tree / 'DEBIAN').mkdir()
        (tree / 'DEBIAN' / 'control').write_text(
            'Package: made\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@b.c>\n'
            'Description: d\n')
        subprocess.run(['dpkg-deb', '--build', str(tree), str(package)], check=True,
                       capture_output=True)
    elif kind == 'zip':
        with zipfile.ZipFile(package, 'w') as archive:
            for file in tree.rglob('*'):
                archive.write(file, file.relative_to(tree))
    else:
        with tarfile.open(package, 'w:gz') as archive:
            archive.add(tree, 'package')
    paths, notices = unpack(package, tmp_path / 'into', lambda path: 'broken' not in path)
    assert sorted(path.rsplit('/', 1)[-1] for path in paths) == [
        'bang.wav', 'click.wav', 'one.ogg', 'same.wav', 'still.wav', 'two.ogg']
    assert 'A Composer' in notices
    assert all((tmp_path / 'into' / path).is_file() for path in paths)


def test_archives_within_packages_are_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, 'w') as archive:
        archive.writestr('music/../../evil.ogg', sound(5, form='OGG'))
        archive.writestr('music/a.ogg', sound(6, form='OGG'))
    tree = tmp_path / 'tree'
    tree.mkdir()
    (tree / 'pak0.pk3').write_bytes(inner.getvalue())
    (tree / 'words.rcc').write_bytes(b'qres' + sound(7, form='OGG') + b'between' + sound(8))
    paths, _ = unpack(tree, tmp_path / 'into', lambda path: True)
    assert paths == ['pak0.pk3/music/a.ogg', 'pak0.pk3/music/evil.ogg', 'words.rcc/000000004.ogg',
                     f'words.rcc/{4 + len(sound(7, form="OGG")) + 7:09d}.wav']
    assert not (tmp_path / 'evil.ogg').exists()


def test_carving_leaves_what_is_cut_off():
    ogg = sound(9, form='OGG')
    assert [data for _, data in carve(b'x' * 10 + ogg)] == [ogg]
    assert list(carve(ogg[:-20])) == []
    assert list(carve(b'RIFF\xff\xff\xff\x7fWAVE')) == [] and list(carve(b'')) == []


def test_a_notice_of_the_file_itself_counts():
    stanzas = read_stanzas(COPYRIGHT)
    assert notice_of('usr/share/x/data/music/a.ogg', stanzas)[0] == 'CC-BY-SA-3.0'
    assert notice_of('usr/share/x/data/sfx/a.wav', stanzas) == ('GPL-2+', '2001 Somebody')
    assert notice_of('a.wav', read_stanzas('This is free.')) == ('', '')


@pytest.mark.parametrize('name, version', [
    ('oxygen-sounds_4%3a5.27.5-2_all.deb', '4:5.27.5-2'), ('thing-1.2.3.tgz', '1.2.3'),
    ('thing-1.0-py3-none-any.whl', '1.0'), ('thing', '')])
def test_versions(name, version):
    assert version_of(name) == version


def test_groups_are_never_split_and_known_ones_stay(tmp_path, tree):
    rows = [{'group': f'g{number % 7}', 'label': 'music' if number % 2 else 'speech',
             'duration_s': str(10 + number)} for number in range(70)]

    class Known:
        group, fold = 'g3', 4

    deal_folds(rows, [Known()])
    folds = {}
    for row in rows:
        folds.setdefault(row['group'], set()).add(row['fold'])
    assert all(len(found) == 1 for found in folds.values()) and folds['g3'] == {'4'}
    assert len({fold for found in folds.values() for fold in found}) == 5


@pytest.mark.parametrize('text, said', [
    ('', 'sources'), ('sources: [{name: ../evil}]', 'folder'), ('sources: [7]', 'name'),
    ('sources: [{name: a, how: ftp}]', 'how'), ('sources: [{name: a, longest: 3}]', 'longest'),
    ('sources: [{name: a}, {name: a}]', 'twice'), ('sources: [{name: a, kinds: [x]}]', 'kinds'),
    ('sources: [{name: a, group: "{2}{3}{nobody}"}]', 'group'),
    ('sources: [{name: a, group_regex: "("}]', 'group'),
    ('sources: [{name: a, groups: [x]}]', 'groups: expected a list of pairs'),
    ('sources: [{name: a, per_group: many}]', 'per_group'), ('sources: [', 'recipe')])
def test_a_wrong_recipe_is_named(tmp_path, text, said):
    with pytest.raises(RecipeError, match=said):
        load_recipe(recipe(tmp_path, text))


def test_the_shipped_recipe_is_right():
    from pathlib import Path
    file = Path(__file__).parents[3] / 'config' / 'training' / 'corpus.yaml'
    sources = {source.name: source for source in load_recipe(file)}
    assert sources['scratch'].label_of('usr/Media/Sounds/Human/BabyCry.wav') is None
    assert sources['precise-community'].label_of('heysavant/wake-word/en/a.wav') is None
    assert all(source.license for source in sources.values())
    # Who gave phrases in several folders lies in one fold.
    phrases = sources['precise-community'].group_of
    assert phrases('heycomputer/es/a.wav') == phrases('not-wake-words/es/b.wav')
    assert phrases('athena/en/a.wav') == phrases('not-wake-words/en/b.wav')
    assert phrases('athena/en/a.wav') != phrases('amelia/en/b.wav')
    # Recordings that other collections have too keep the group that they have there.
    sounds = sources['soundscapes']
    assert sounds.group_of('samples/forest-dawn/robin.mp3') == 'bsb:1670'
    assert sounds.label_of('samples/city-intersection/ambulance-passage.mp3') == 'siren'
    assert sounds.label_of('samples/mall-food-court/crying-baby.mp3') is None
