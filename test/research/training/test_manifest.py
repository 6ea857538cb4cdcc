# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Manifests: what is read, and what is named when it is wrong."""

import shutil

from baby_cry_detector.research.corpus import layouts as adapters
from baby_cry_detector.research.training.feature_store import load_sounds
from baby_cry_detector.research.training.manifest import (
    data_digest, fold_of_group, leaking_groups, load_clips, ManifestError, write_manifest)
import numpy as np
import pytest
import soundfile


def write_wav(file, seconds=0.1):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, np.zeros(int(16000 * seconds)), 16000, subtype='PCM_16')


def write_csv(file, text):
    file.write_text(text, encoding='utf-8')
    return file


def test_the_nearest_folder_decides_then_the_label(tmp_path):
    manifest = write_csv(tmp_path / 'm.csv', 'path,label\ncry/hungry/a.wav,hungry\n'
                         'not_cry/cat/a.wav,crying\ncry/emotion/a.wav,x\na.wav,crying_baby\n'
                         'b.wav,unknown\nc.wav,fussing\n')
    clips = load_clips(manifest, check_files=False, is_strict=False, cry_labels=('fussing',))
    assert [clip.kind for clip in clips] == ['cry', 'not_cry', 'emotion', 'cry', 'not_cry', 'cry']


def test_manifest_without_groups_and_folds(tmp_path):
    for name in ('a', 'b'):
        write_wav(tmp_path / f'{name}.wav')
    manifest = write_csv(tmp_path / 'm.csv', 'path,label\na.wav,hungry\nb.wav,dog\n')
    clips = load_clips(manifest)
    assert [clip.is_cry for clip in clips] == [True, False]
    assert clips[0].group == 'a.wav'
    assert clips[0].fold == fold_of_group('a.wav', 5)


def test_every_wrong_row_is_named(tmp_path):
    write_wav(tmp_path / 'a.wav')
    manifest = write_csv(tmp_path / 'm.csv', 'path,label,fold\na.wav,hungry,0\na.wav,dog,1\n'
                         'gone.wav,dog,1\n,dog,1\n')
    with pytest.raises(ManifestError) as caught:
        load_clips(manifest)
    text = str(caught.value)
    assert 'm.csv:3: a.wav is already on line 2' in text
    assert 'm.csv:4: gone.wav: no such file' in text
    assert 'm.csv:5: path is empty' in text


@pytest.mark.parametrize('text, message', [
    ('file,label\n', "column 'path' is missing"), ('path,label\n', 'no rows'),
    ('path,label,fold\na.wav,dog,two\n', "fold 'two' is not a number"),
    ('path,label,kind\na.wav,dog,noise\n', "kind 'noise'")])
def test_wrong_tables(tmp_path, text, message):
    write_wav(tmp_path / 'a.wav')
    with pytest.raises(ManifestError, match=message):
        load_clips(write_csv(tmp_path / 'm.csv', text))


def test_missing_source_and_empty_folders(tmp_path):
    with pytest.raises(ManifestError, match='expected a manifest'):
        load_clips(tmp_path / 'nothing.csv')
    with pytest.raises(ManifestError, match='no sub-folder per class'):
        load_clips(tmp_path)
    (tmp_path / 'cry').mkdir()
    write_wav(tmp_path / 'dog' / 'a.wav')
    with pytest.raises(ManifestError, match='cry: no recording in it'):
        load_clips(tmp_path)


def test_folder_per_class(tmp_path):
    write_wav(tmp_path / 'crying' / 'a.wav')
    write_wav(tmp_path / 'dog' / 'b.wav')
    clips = load_clips(tmp_path)
    assert [(clip.label, clip.is_cry) for clip in clips] == [('crying', True), ('dog', False)]


def test_groups_that_lie_in_two_folds_are_found(tmp_path):
    write_wav(tmp_path / 'a.wav')
    write_wav(tmp_path / 'b.wav')
    manifest = write_csv(tmp_path / 'm.csv',
                         'path,label,group,fold\na.wav,dog,x,0\nb.wav,dog,x,1\n')
    assert leaking_groups(load_clips(manifest)) == ['x']


def test_digest_follows_audio_and_labels_not_order(tmp_path):
    write_wav(tmp_path / 'a.wav')
    write_wav(tmp_path / 'b.wav', 0.2)
    manifest = write_csv(tmp_path / 'm.csv', 'path,label\na.wav,dog\nb.wav,dog\n')
    clips = load_clips(manifest)
    before = data_digest(clips)
    assert data_digest(clips[::-1]) == before
    write_wav(tmp_path / 'b.wav', 0.3)
    assert data_digest(load_clips(manifest)) != before


DONATED = '0D1AD73E-4C5E-45F3-85C4-9A3CB71E8856-1430742197-1.0-m-04-{}'


def test_donateacry_cleaned_and_raw(tmp_path):
    write_wav(tmp_path / 'clean' / 'hungry' / (DONATED.format('hu') + '.wav'))
    write_wav(tmp_path / 'clean' / 'hungry' / 'notes.wav')
    raw = tmp_path / 'donateacry-android-upload-bucket'
    raw.mkdir()
    (raw / (DONATED.format('hu') + '.3gp')).write_bytes(b'x')  # there as WAV: not a problem
    (raw / (DONATED.format('ti') + '.3gp')).write_bytes(b'x')
    (raw / (DONATED.format('zz') + '.caf')).write_bytes(b'x')
    found = adapters.donateacry(tmp_path)
    assert [(row['label'], row['kind'], row['age']) for row in found.rows] == [
        ('hungry', 'cry', '0-4w')]
    assert found.rows[0]['group'] == 'dac:0d1ad73e-4c5e-45f3-85c4-9a3cb71e8856'
    text = '\n'.join(found.problems)
    assert 'notes.wav: the name is not' in text
    assert '-ti.3gp: needs converting' in text
    assert "reason 'zz'" in text
    assert len(found.problems) == 3


def test_raw_files_that_cannot_be_converted_are_named(tmp_path):
    raw = tmp_path / 'bucket'
    raw.mkdir()
    (raw / (DONATED.format('ti') + '.3gp')).write_bytes(b'not audio')
    found = adapters.donateacry(tmp_path, convert_to=tmp_path / 'converted')
    assert not found.rows
    assert 'ffmpeg' in found.problems[0]


@pytest.mark.skipif(not shutil.which('ffmpeg'), reason='needs ffmpeg')
def test_raw_recordings_of_one_name_stay_two(tmp_path):
    for bucket in ('android', 'ios'):
        file = tmp_path / bucket / (DONATED.format('ti') + '.wav')
        write_wav(file)
        file.rename(file.with_suffix('.3gp'))        # ffmpeg looks inside
    found = adapters.donateacry(tmp_path, convert_to=tmp_path / 'converted')
    assert not found.problems
    assert len({row['path'] for row in found.rows}) == len(found.rows) == 2


def test_esc50(tmp_path):
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta' / 'esc50.csv').write_text(
        'filename,fold,target,category,esc10,src_file,take\n'
        '1-1-A-20.wav,1,20,crying_baby,True,1,A\n2-2-A-0.wav,2,0,dog,True,2,A\n')
    write_wav(tmp_path / 'audio' / '1-1-A-20.wav')
    found = adapters.esc50(tmp_path)
    assert [(row['kind'], row['fold'], row['group']) for row in found.rows] == [
        ('cry', '0', 'fs:1')]
    assert found.problems == ['audio/2-2-A-0.wav: missing (line 3 of meta/esc50.csv)']
    assert 'missing' in adapters.esc50(tmp_path / 'audio').problems[0]


def test_emodb(tmp_path):
    write_wav(tmp_path / 'wav' / '03a01Fa.wav')
    write_wav(tmp_path / 'wav' / '99a01Fa.wav')
    write_wav(tmp_path / 'wav' / 'x.wav')
    found = adapters.emodb(tmp_path)
    assert [(row['label'], row['group']) for row in found.rows] == [('happiness', 'emodb:03')]
    assert sum('no recording' in problem for problem in found.problems) == 9
    assert any('speaker 99' in problem for problem in found.problems)


def test_aibo(tmp_path):
    labels = tmp_path / 'labels' / 'IS2009EmotionChallenge'
    labels.mkdir(parents=True)
    (labels / 'chunk_labels_5cl_corpus.txt').write_text(
        'Ohm_01_000_00 N 0.64\nMont_02_001_00 A 0.8\nOhm_01_002_00 Q 1\nOhm_01_003_00 E 1\n')
    write_wav(tmp_path / 'wav' / 'Ohm_01_000_00.wav')
    write_wav(tmp_path / 'wav' / 'Mont_02_001_00.wav')
    found = adapters.aibo(tmp_path)
    assert [(row['label'], row['fold'], row['group']) for row in found.rows] == [
        ('neutral', '0', 'aibo:Ohm_01'), ('anger', '1', 'aibo:Mont_02')]
    assert len(found.problems) == 2


def test_casia(tmp_path):
    for emotion in adapters.CASIA_EMOTIONS[:-1]:
        write_wav(tmp_path / 'wangzhe' / emotion / '201.wav')
    found = adapters.casia(tmp_path)
    assert len(found.rows) == 5
    assert found.problems == ['wangzhe/surprise: no recording']


def test_written_manifests_are_read_back(tmp_path):
    write_wav(tmp_path / 'wav' / '03a01Fa.wav')
    write_manifest(adapters.emodb(tmp_path).rows, tmp_path / 'm.csv')
    clip, = load_clips(tmp_path / 'm.csv')
    assert (clip.kind, clip.label, clip.source) == ('emotion', 'happiness', 'EmoDB')


def test_what_is_found_in_files_is_said_once_for_each_kind(tmp_path):
    rows = []
    for number in range(3):
        file = tmp_path / f'{number}.wav'
        soundfile.write(file, np.random.default_rng(number).uniform(-0.1, 0.1, 8000), 16000)
        data = bytearray(file.read_bytes())
        at = data.find(b'data') + 4
        data[at:at + 4] = bytes(4)                   # a recorder that was killed
        file.write_bytes(data)
        rows.append({'path': str(file), 'label': 'cry', 'group': str(number), 'fold': number % 2,
                     'kind': 'cry', 'source': 'made'})
    whole = tmp_path / 'whole.wav'
    write_wav(whole)
    rows.append({**rows[0], 'path': str(whole), 'label': 'other', 'kind': 'not_cry'})
    write_manifest(rows, tmp_path / 'm.csv')
    said = []
    load_sounds(load_clips(tmp_path / 'm.csv'), say=said.append)
    assert len(said) == 1
    assert said[0].startswith('3 recordings: ') and 'are heard' in said[0] and '0.wav' in said[0]
