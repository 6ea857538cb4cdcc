# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Adapters of public sets on small folders in the same layout."""

import csv
import json

from baby_cry_detector.cli.main import main
from baby_cry_detector.research.corpus import layouts_public as public
from baby_cry_detector.research.training.manifest import leaking_groups, load_clips
from baby_cry_detector.research.training.segments import Segments
import numpy as np
import pytest
import soundfile


def put(root, *names):
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, np.zeros(1600), 16000)


def by_path(found):
    return {row['path']: row for row in found.rows}


def test_enes(tmp_path):
    put(tmp_path, 'all/b01_F_2_hunger_discomfort_20190102_0312_4.wav',
        'all/b01_F_3_other_hunger_20190302_0312_1.wav',
        'all/B02_M_1_dontknow_whatever_20190302_0312_1.wav', 'all/readme_only.wav')
    found = public.enes(tmp_path)
    rows = by_path(found)
    assert [row['label'] for row in rows.values()] == ['unknown', 'discomfort', 'hungry']
    assert {row['group'] for row in found.rows} == {'enes:b01', 'enes:b02'}
    assert {row['kind'] for row in found.rows} == {'cry'}
    assert rows['all/b01_F_2_hunger_discomfort_20190102_0312_4.wav']['parent'] == 'hunger'
    assert len(found.problems) == 1 and 'readme_only' in found.problems[0]


def test_corvin_keeps_a_baby_together(tmp_path):
    put(tmp_path, 'baby_B01.wav', 'baby_D01.wav', 'baby_D12/cry_03.wav', 'other.wav')
    found = public.corvin(tmp_path)
    rows = by_path(found)
    assert rows['baby_B01.wav']['group'] == rows['baby_D01.wav']['group'] == 'corvin:1'
    assert rows['baby_B01.wav']['label'] == 'discomfort'
    assert rows['baby_D01.wav']['label'] == 'pain'
    assert rows['baby_D12/cry_03.wav']['group'] == 'corvin:12'
    assert len(found.problems) == 1 and 'other.wav' in found.problems[0]


def test_icsd(tmp_path):
    put(tmp_path, 'audio/train/src7_10.0_20.0.wav', 'audio/train/src7_20.0_30.0.wav',
        'audio/train/snore-3.wav')
    (tmp_path / 'metadata').mkdir()
    (tmp_path / 'metadata' / 'strong.tsv').write_text(
        'filename\tonset\toffset\tevent_label\n'
        'src7_10.0_20.0.wav\t0.5\t1.25\tInfantcry\nsrc7_10.0_20.0.wav\t3\t4\tSnoring\n'
        'snore-3.wav\t0\t2\tSnoring\ngone.wav\t0\t1\tInfantcry\n'
        'src7_20.0_30.0.wav\t4\t1\tInfantcry\n')
    found = public.icsd(tmp_path)
    rows = by_path(found)
    assert rows['audio/train/src7_10.0_20.0.wav']['kind'] == 'cry'
    assert rows['audio/train/snore-3.wav']['kind'] == 'not_cry'
    assert rows['audio/train/src7_20.0_30.0.wav']['group'] == 'icsd:src7'
    assert [(s['start_s'], s['end_s']) for s in found.segments] == [('0.500', '1.250')]
    assert any('gone.wav' in line for line in found.problems)
    assert any('strong.tsv:6' in line for line in found.problems)


EAF = """<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1500"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2750"/>
</TIME_ORDER><TIER TIER_ID="child"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>Cry</ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "not crying"
        intervals [2]:
            xmin = 1.5
            xmax = 3
            text = "fuss"
"""


def test_debarbaro(tmp_path):
    put(tmp_path, 'P01_day1.wav', 'P01_day2.wav', 'P02-a.wav', 'P03_x.wav', 'P04_y.wav')
    (tmp_path / 'P01_day1.eaf').write_text(EAF)
    (tmp_path / 'P01_day2.TextGrid').write_text(TEXTGRID, encoding='utf-16')
    (tmp_path / 'P02-a.csv').write_text('start,end,label\n0.1,0.4,cry\n2,3,silence\n')
    (tmp_path / 'P04_y.csv').write_text('1,2,cry\noops,4,cry\n')
    found = public.debarbaro(tmp_path)
    assert {row['group'] for row in found.rows} == {'debarbaro:P01', 'debarbaro:P02'}
    assert [(s['path'], s['start_s'], s['end_s']) for s in found.segments] == [
        ('P01_day1.wav', '1.500', '2.750'), ('P01_day2.wav', '1.500', '3.000'),
        ('P02-a.wav', '0.100', '0.400')]
    assert len(found.problems) == 2


def test_fsd50k(tmp_path):
    put(tmp_path, 'FSD50K.dev_audio/1.wav', 'FSD50K.dev_audio/2.wav', 'FSD50K.dev_audio/3.wav',
        'FSD50K.eval_audio/9.wav')
    (tmp_path / 'FSD50K.ground_truth').mkdir()
    (tmp_path / 'FSD50K.metadata').mkdir()
    (tmp_path / 'FSD50K.ground_truth' / 'dev.csv').write_text(
        'fname,labels,mids,split\n1,"Bark,Dog",/m/1,train\n2,Crying_and_sobbing,/m/2,val\n'
        '3,Meow,/m/3,train\n4,Meow,/m/3,train\n')
    (tmp_path / 'FSD50K.ground_truth' / 'eval.csv').write_text(
        'fname,labels,mids\n9,Laughter,/m/4\n')
    (tmp_path / 'FSD50K.metadata' / 'dev_clips_info_FSD50K.json').write_text(json.dumps(
        {'1': {'uploader': 'ann', 'license': 'by'}, '3': {'uploader': 'ann', 'license': 'by-nc'}}))
    found = public.fsd50k(tmp_path)
    rows = by_path(found)
    assert set(rows) == {'FSD50K.dev_audio/1.wav', 'FSD50K.dev_audio/3.wav',
                         'FSD50K.eval_audio/9.wav'}
    assert rows['FSD50K.dev_audio/1.wav']['group'] == rows['FSD50K.dev_audio/3.wav']['group']
    assert rows['FSD50K.dev_audio/3.wav']['license'] == 'by-nc'
    assert any('4.wav: missing' in line for line in found.problems)
    assert any('eval_clips_info' in line for line in found.problems)


def test_audioset_strong(tmp_path):
    put(tmp_path, 'audio/abc_def-gh_30000.wav', 'audio/abc_def-gh_60000.wav',
        'audio/zzz_0.wav', 'audio/sob_0.wav')
    (tmp_path / 'audioset_train_strong.tsv').write_text(
        'segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n'
        'abc_def-gh_30000\t1.0\t2.5\t/t/dd00002\nabc_def-gh_60000\t0\t9\t/m/04rlf\n'
        'zzz_0\t0\t1\t/m/01b_21\nsob_0\t0\t1\t/m/0463cq4\nnot_here_0\t0\t1\t/m/0463cq4\n')
    (tmp_path / 'mid_to_display_name.tsv').write_text('/m/04rlf\tMusic\n')
    found = public.audioset(tmp_path)
    rows = by_path(found)
    assert set(rows) == {'audio/abc_def-gh_30000.wav', 'audio/abc_def-gh_60000.wav',
                         'audio/zzz_0.wav'}
    assert {row['group'] for row in found.rows} == {'yt:abc_def-gh', 'yt:zzz'}
    assert rows['audio/abc_def-gh_60000.wav']['label'] == 'music'
    assert rows['audio/abc_def-gh_30000.wav']['kind'] == 'cry'
    assert len(found.segments) == 1 and not found.problems


@pytest.mark.parametrize('layout', sorted(public.PUBLIC))
def test_an_empty_folder_is_said(tmp_path, layout):
    found = public.PUBLIC[layout](tmp_path)
    assert not found.rows and found.problems


def test_the_command_writes_manifest_and_segments(tmp_path):
    corpus = tmp_path / 'corpus'
    put(corpus, 'P02-a.wav', 'P05-a.wav')
    (corpus / 'P02-a.csv').write_text('0.01,0.04,cry\n')
    (corpus / 'P05-a.csv').write_text('0.01,0.04,talk\n')
    manifest, table = tmp_path / 'm.csv', tmp_path / 's.csv'
    assert main(['manifest', 'debarbaro', str(corpus), '--out', str(manifest), '--segments',
                 str(table)]) == 0
    clips = load_clips(manifest)
    assert [clip.kind for clip in clips] == ['cry', 'not_cry'] and not leaking_groups(clips)
    marks = Segments(table).frames_of(clips[0].path, 1600)
    assert marks.tolist() == [False] + [True] * 3 + [False] * 6
    with open(table, newline='') as stream:
        assert next(csv.reader(stream))[:4] == ['path', 'start_s', 'end_s', 'label']
