# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Folders and labels as people name them: cries are found, and what is not known is asked for."""

import shutil
import subprocess

from baby_cry_detector.audio import read_audio, to_pcm16
from baby_cry_detector.cli.main import main
from baby_cry_detector.research.training.labels import meaning_of, parse_mapping, words_of
from baby_cry_detector.research.training.manifest import kinds_table, load_clips, ManifestError
import numpy as np
import pytest
import soundfile


def write(root, *paths):
    for number, path in enumerate(paths):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix.lower() in ('.wav', '.flac', '.mp3'):
            soundfile.write(file, np.full(1600, number / 100), 16000, format={
                '.mp3': 'MP3', '.flac': 'FLAC'}.get(file.suffix.lower(), 'WAV'))
        else:
            file.write_bytes(b'text')


@pytest.mark.parametrize('name, kind, label', [
    ('301 - Crying baby', 'cry', 'crying_baby'), ('cries', 'cry', 'crying'),
    ('belly pain', 'cry', 'belly_pain'), ('Belly-Pain', 'cry', 'belly_pain'),
    ('bellyPain', 'cry', 'belly_pain'), ('cold-hot', 'cry', 'cold_hot'),
    ('Cold/Hot', 'cry', 'cold_hot'), ('Ｃｒｙｉｎｇ', 'cry', 'crying'), ('BABY CRIES', 'cry', 'crying'),
    ('02_hungry', 'cry', 'hungry'), ('hungry cry', 'cry', 'hungry'), ('Tired baby', 'cry', 'tired'),  # noqa: E501  # a row a case
    ('needs burping', 'cry', 'burping'), ('Not crying', 'not_cry', 'not_crying'),
    ('non-cry', 'not_cry', 'non_cry'), ('notcry', 'not_cry', 'notcry'), ('no_cry', 'not_cry', 'no_cry'), ('Dogs', 'not_cry', 'dogs'),  # noqa: E501  # a row a case
    ('903 - Baby laugh', 'not_cry', 'baby_laugh'), ('Silence', 'not_cry', 'silence'),
    ('Crying-Babies (1)', 'cry', 'crying'), ('cries - Copy (2)', 'cry', 'crying'),
    ('hungry copy', 'cry', 'hungry'), ('dog (12)', 'not_cry', 'dog'),
    ('washing machine', 'not_cry', 'washing_machine'), ('emotion', 'emotion', 'emotion')])
def test_names_mean_what_they_say(name, kind, label):
    assert meaning_of(name) == (kind, label)


@pytest.mark.parametrize('name', ['foo', 'class 7', 'anna', 'crying man', '泣き声', '301', 'baby', ''])  # noqa: E501  # a row a case
def test_what_says_nothing_is_not_guessed(name):
    assert meaning_of(name) is None


@pytest.mark.parametrize('path, kind, label', [
    ('baby_cry/train/a.wav', 'cry', 'baby_cry'), ('crying/room/a.wav', 'cry', 'crying'),
    ('hungry/phone/a.wav', 'cry', 'hungry'), ('dog/street/a.wav', 'not_cry', 'dog'),
    ('room/train/a.wav', 'not_cry', 'train'), ('kitchen/crying/a.wav', 'cry', 'crying')])
def test_a_place_or_a_part_of_the_data_is_no_class_beside_one(path, kind, label, tmp_path):
    write(tmp_path, path, 'cry/z.wav')
    found = {clip.path: (clip.kind, clip.label) for clip in load_clips(tmp_path)}
    assert found[path] == (kind, label)


@pytest.mark.parametrize('path', ['cat/hungry/a.wav', 'crying/rain/a.wav', 'speech/sad/a.wav',
                                  'noise/anna/crying/a.wav', 'cat/cry/a.wav', 'adult/cry/a.wav',
                                  'television/room/cry/a.wav'])
def test_folders_that_contradict_each_other_are_asked_about(path, tmp_path):
    write(tmp_path, path, 'crying/z.wav', 'cries/z.wav')
    with pytest.raises(ManifestError, match='not known whether these are cries'):
        load_clips(tmp_path)
    first, last = path.split('/')[0], path.split('/')[-2]
    for name in (first, last):
        for kind in ('cry', 'not_cry'):
            found = {clip.path: clip.kind for clip in load_clips(tmp_path, mapping={name: kind})}
            assert found[path] == kind


def test_the_class_folder_decides_and_not_the_last_one(tmp_path):
    write(tmp_path, 'crying/anna/a.wav', 'crying/ben/b.wav', 'train/301 - Crying baby/c.wav',
          'dog/rex/2024/d.wav', 'not_cry/cat/e.wav', 'cry/hungry/f.wav', 'cry/g.wav',
          'not_cry/crying cartoon/h.wav', 'laugh/anna/i.wav')
    found = {clip.path: (clip.kind, clip.label) for clip in load_clips(tmp_path)}
    assert found == {
        'crying/anna/a.wav': ('cry', 'crying'), 'crying/ben/b.wav': ('cry', 'crying'),
        'train/301 - Crying baby/c.wav': ('cry', 'crying_baby'),
        'dog/rex/2024/d.wav': ('not_cry', 'dog'), 'not_cry/cat/e.wav': ('not_cry', 'cat'),
        'cry/hungry/f.wav': ('cry', 'hungry'), 'cry/g.wav': ('cry', 'cry'),
        'not_cry/crying cartoon/h.wav': ('not_cry', 'crying_cartoon'),
        'laugh/anna/i.wav': ('not_cry', 'laugh')}


@pytest.mark.parametrize('files, kinds', [
    # "train" is a vehicle where recordings lie in it, above further folders a part of the data.
    (['train/notcry/a.wav', 'train/cry/b.wav', 'test/notcry/c.wav', 'test/cry/d.wav'],
     ['not_cry', 'cry', 'not_cry', 'cry']),
    (['train/a.wav', 'cry/b.wav', 'dog/train/c.wav'], ['not_cry', 'cry', 'not_cry']),
    (['home/crying/a.wav', 'home/dog/b.wav'], ['cry', 'not_cry'])])
def test_a_part_of_the_data_or_a_place_is_no_class(files, kinds, tmp_path):
    write(tmp_path, *files)
    found = {clip.path: clip.kind for clip in load_clips(tmp_path)}
    assert [found[path] for path in files] == kinds


@pytest.mark.parametrize('unclear', [
    'train/screaming babies', 'home/anna cries', 'room/2024-05-01', 'noise/cry for help',
    'dog/cryings'])
def test_what_is_above_does_not_turn_an_unclear_name_into_no_cry(unclear, tmp_path):
    write(tmp_path, 'cry/a.wav', 'dog/b.wav', f'{unclear}/c.wav')
    with pytest.raises(ManifestError, match=unclear.rpartition('/')[2]):
        load_clips(tmp_path)
    name = unclear.rpartition('/')[2]
    kinds = [clip.kind for clip in load_clips(tmp_path, mapping={name: 'cry'})]
    assert sorted(kinds) == ['cry', 'cry', 'not_cry']


def test_what_is_no_audio_is_skipped_and_counted_and_mp3_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', '')             # so there is no ffmpeg
    write(tmp_path, 'crying/a.wav', 'crying/b.mp3', 'dog/C.FLAC', 'crying/notes.txt',
          'crying/d.m4a', 'crying/E.M4A', 'dog/e.mp4')
    (tmp_path / 'crying' / '._a.wav').write_bytes(b'\0\5\x16\7')
    (tmp_path / '__MACOSX' / 'crying').mkdir(parents=True)
    (tmp_path / '__MACOSX' / 'crying' / 'a.wav').write_bytes(b'x')
    (tmp_path / 'crying' / 'x.wav').mkdir()
    (tmp_path / 'crying' / 'empty.wav').write_bytes(b'')
    said = []
    clips = load_clips(tmp_path, say=said.append)
    assert sorted(clip.path for clip in clips) == ['crying/a.wav', 'crying/b.mp3', 'dog/C.FLAC']
    for words in ('2 hidden files', '1 folders with the name', '1 files that are no', '1 empty',
                  '2 .m4a files, which only ffmpeg reads', '1 .mp4 files'):
        assert words in said[0]


@pytest.mark.skipif(shutil.which('ffmpeg') is None, reason='ffmpeg is not installed')
def test_what_a_phone_records_is_taken_and_sounds_the_same_where_ffmpeg_is(tmp_path):
    write(tmp_path, 'crying/a.wav', 'dog/b.wav')
    samples = (3000 * np.sin(np.arange(16_000) / 9)).astype(np.int16)
    soundfile.write(tmp_path / 'crying' / 'sound.wav', samples, 16_000)
    subprocess.run(['ffmpeg', '-v', 'error', '-i', 'sound.wav', '-c:a', 'alac', 'c.m4a'],
                   cwd=tmp_path / 'crying', check=True)
    clip, = (clip for clip in load_clips(tmp_path) if clip.path.endswith('.m4a'))
    assert clip.is_cry
    np.testing.assert_array_equal(to_pcm16(read_audio(clip.file)), samples)


def test_an_unknown_name_is_an_error_that_lists_them_and_map_decides(tmp_path):
    write(tmp_path, 'crying/a.wav', 'foo/b.wav', 'bar/c.wav', 'bar/d.wav')
    with pytest.raises(ManifestError) as raised:
        load_clips(tmp_path)
    text = str(raised.value)
    assert 'foo (1 recordings)' in text and 'bar (2 recordings)' in text and '--map' in text
    assert 'crying 1' in text                # the table of what was understood
    assert text.endswith('--map "bar=..."')
    clips = load_clips(tmp_path, mapping=parse_mapping(['foo=hungry', 'Bar = skip']))
    assert [(clip.path, clip.kind, clip.label) for clip in clips] == [
        ('crying/a.wav', 'cry', 'crying'), ('foo/b.wav', 'cry', 'hungry')]


def test_no_cry_is_an_error(tmp_path):
    write(tmp_path, 'dog/a.wav', 'cat/b.wav')
    with pytest.raises(ManifestError, match='no cry found'):
        load_clips(tmp_path)
    clips = load_clips(tmp_path, mapping={'cat': 'cry'})
    assert kinds_table(clips) == ['  cry           1   cat 1', '  not_cry       1   dog 1']


def test_labels_of_a_table_are_read_alike(tmp_path):
    write(tmp_path, 'a.wav', 'b.wav', 'c.wav', 'not_cry/d.wav')
    table = tmp_path / 'm.csv'
    table.write_text('path,label\na.wav,Belly pain\nb.wav,301 - Crying baby\nc.wav,dog\n'
                     'not_cry/d.wav,whatever\n')
    assert [(clip.kind, clip.label) for clip in load_clips(table)] == [
        ('cry', 'belly_pain'), ('cry', '301 - Crying baby'), ('not_cry', 'dog'),
        ('not_cry', 'whatever')]
    table.write_text('path,label\na.wav,cries\nb.wav,mystery\n')
    with pytest.raises(ManifestError, match='mystery .1 recordings.'):
        load_clips(table)
    assert [clip.kind for clip in load_clips(table, mapping={'mystery': 'not_cry'})] == [
        'cry', 'not_cry']


@pytest.mark.parametrize('text', ['foo', 'foo=', '=cry', 'foo=wrong', ''])
def test_a_wrong_mapping_is_named(text):
    with pytest.raises(ValueError, match='--map: expected NAME=MEANING'):
        parse_mapping([text])


def test_words_have_one_spelling():
    assert {words_of(name) for name in ('Crying baby', 'crying_baby', '3. crying-BABY ',
                                        'CryingBaby')} == {'crying_baby'}


def test_the_commands_print_the_table_and_take_map(tmp_path, capsys):
    write(tmp_path / 'data', 'cries/a.wav', 'foo/b.wav')
    out = tmp_path / 'm.csv'
    assert main(['manifest', 'folders', str(tmp_path / 'data'), '--out', str(out)]) == 1
    assert 'foo (1 recordings)' in capsys.readouterr().err and not out.exists()
    assert main(['manifest', 'folders', str(tmp_path / 'data'), '--out', str(out), '--map',
                 'foo=not_cry']) == 0
    assert 'cry           1   crying 1' in capsys.readouterr().err
    config = tmp_path / 'c.yaml'
    config.write_text('name: x\n')
    assert main(['train', str(config), '--manifest', str(tmp_path / 'data')]) == 2
    assert 'foo (1 recordings)' in capsys.readouterr().err
