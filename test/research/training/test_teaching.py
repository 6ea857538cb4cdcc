# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Marked segments, sounds on disk, made voices, and a second head for the time of training."""

from baby_cry_detector.research.sounds import augment as aug
from baby_cry_detector.research.sounds import made_voices
from baby_cry_detector.research.sounds.long_sounds import SamplesOnDisk, stays_on_disk
from baby_cry_detector.research.training import chains, loop
from baby_cry_detector.research.training.config import config_from_dict
from baby_cry_detector.research.training.feature_store import StreamFeatures
from baby_cry_detector.research.training.manifest import (Clip, EMOTION, join_table,
                                                          load_several, ManifestError,
                                                          write_manifest)
from baby_cry_detector.research.training.opinions import with_targets
from baby_cry_detector.research.training.run import TrainingRun
from baby_cry_detector.research.training.segments import Segments
import numpy as np
import pytest
import soundfile

PLAIN = aug.Augmentation(gain_db=0, p_band_limit=0, p_tilt=0, p_speed=0, p_reverb=0, p_noise=0,
                         p_overlay=0)


def table(tmp_path, text):
    file = tmp_path / 'segments.csv'
    file.write_text('path,start_s,end_s,label\n' + text)
    return file


def test_segments_become_frames(tmp_path):
    marks = Segments(table(tmp_path, 'a.wav,0.1,0.2,cry\na.wav,0.2,0.5,-\nb.wav,0,1,-\n'))
    assert len(marks) == 2 and len(marks.digest) == 64
    frames = marks.frames_of('a.wav', 16000)
    assert np.flatnonzero(frames).tolist() == list(range(10, 20)) and len(frames) == 100
    assert marks.frames_of('b.wav', 16000) is None      # nothing to learn a cry from
    assert marks.frames_of('c.wav', 16000) is None


@pytest.mark.parametrize('row', ['a.wav,0.2,0.1,cry', 'a.wav,x,1,cry', 'a.wav,0,nan,cry', 'a.wav'])
def test_a_wrong_segment_is_named(tmp_path, row):
    with pytest.raises(ManifestError, match='segments.csv:3'):
        Segments(table(tmp_path, f'a.wav,0,1,cry\n{row}\n'))


def test_marks_weigh_cries_fully_and_leave_breaths_open():
    crying = np.zeros(300, bool)
    crying[50:100] = crying[110:160] = True
    target, weight = chains._marked(crying)
    assert np.array_equal(target > 0, crying)
    assert weight[50] < 0.1 and weight[70] == 1.0
    assert weight[100:110].max() == 0.0             # a breath
    assert weight[180] == 0.0 and weight[250] == 0.5 and target[250] == 0.0


def test_a_marked_cry_teaches_its_pauses():
    rng = np.random.default_rng(0)
    x = (0.1 * rng.standard_normal(64000)).astype(np.float32)
    crying = np.zeros(400, bool)
    crying[:150] = True
    cry = chains.Sound(0, x, chains.loud_frames(x), True, 'cry', crying)
    other = chains.Sound(1, x * 0.1, chains.loud_frames(x), False, 'x')
    options = chains.StreamOptions(length_s=6.0, cry_share=1.0, quiet_share=0.0, p_long_crop=1.0,
                                   crop_low_s=4.0)
    stream = chains.StreamMaker([cry, other], options, PLAIN, seed=2).make(0)
    inside = stream.clip == 0
    assert inside.all() and {0.0, 1.0} == set(np.unique(stream.target))
    assert stream.weight[stream.target == 0].max() == 0.5
    streams = StreamFeatures(np.zeros((1, 600, 1)), stream.target[None], stream.weight[None],
                             stream.segment[None], stream.clip[None])
    soft = with_targets(streams, np.array([0.7, 0.2], np.float32), np.array([True, False]))
    assert np.unique(soft.target).tolist() == pytest.approx([0.0, 0.7])


def test_emphasis_changes_how_often_a_kind_is_drawn():
    x = np.zeros(1600, np.float32)
    sounds = [chains.Sound(n, x, chains.loud_frames(x), n == 0, 'cat_meow' if n < 5 else 'rain')
              for n in range(9)]
    maker = chains.StreamMaker(sounds, chains.StreamOptions(emphasis=(('cat*', 9.0), ('*', 1.0))),
                               PLAIN, 0)
    assert maker._other_weights[:4].sum() == pytest.approx(0.9)


def test_hum_is_of_the_mains():
    hum = aug.mains_hum(32000, np.random.default_rng(4))
    top = np.argmax(np.abs(np.fft.rfft(hum))) / 2.0
    assert min(abs(top / mains - round(top / mains)) for mains in (50, 60)) < 0.03
    assert -61 < 20 * np.log10(aug.rms(hum)) < -19


@pytest.mark.parametrize('kind', sorted(set(made_voices.VOICES), key=lambda kind: kind.__name__))
def test_made_voices_are_sounds(kind):
    for seed in range(6):
        for n in (4000, 30001):
            y = kind(n, np.random.default_rng(seed))
            assert y.shape == (n,) and np.isfinite(y).all() and 1e-3 < aug.rms(y) < 0.5


def test_a_laugh_comes_in_bursts():
    rates = []
    for seed in range(10):
        y = np.abs(made_voices.laugh(64000, np.random.default_rng(seed)))
        level = np.convolve(y, np.ones(400) / 400, 'same')[::160]
        spectrum = np.abs(np.fft.rfft(level - level.mean()))
        rates.append(np.fft.rfftfreq(len(level), 0.01)[np.argmax(spectrum[4:]) + 4])
    assert 3.0 < np.median(rates) < 7.0


def test_slices_from_disk_are_the_file(tmp_path):
    file = tmp_path / 'a.flac'
    x = np.round(np.random.default_rng(1).uniform(-1, 1, 16000) * 32767).astype(np.int16)
    soundfile.write(file, x, 16000)
    on_disk = SamplesOnDisk(file)
    whole = soundfile.read(str(file), dtype='float32')[0]
    assert len(on_disk) == 16000 and np.array_equal(on_disk[:len(on_disk)], whole)
    assert np.array_equal(on_disk[500:700], whole[500:700]) and len(on_disk[20000:]) == 0
    assert stays_on_disk(file, 0.5) and not stays_on_disk(file, 2.0)
    soundfile.write(tmp_path / 'b.wav', x, 44100)
    assert not stays_on_disk(tmp_path / 'b.wav', 0.1)
    with pytest.raises(ValueError, match='16 kHz'):
        SamplesOnDisk(tmp_path / 'b.wav')


def features(n=12, teacher=True):
    rng = np.random.default_rng(0)
    sound = rng.integers(0, 2, (n, 1))
    values = rng.standard_normal((n, 200, 3)).astype(np.float32) * 0.3
    values[..., 0] += 2 * sound
    classes = np.full((n, 2, 5), 0.01, np.float16)
    classes[..., 3] = 0.9 * sound
    return StreamFeatures(values, np.repeat(sound, 200, 1).astype(np.float32),
                          np.ones((n, 200), np.float32), np.zeros((n, 200), np.int16),
                          np.zeros((n, 200), int), classes if teacher else None,
                          np.array([95, 193]) if teacher else None)


def config(weight, updates=60):
    return config_from_dict({'model': {'hidden_sizes': [8], 'stack_frames': 4, 'dropout': 0.0},
                             'training': {'updates': updates, 'batch_size': 6},
                             'distillation': {'weight': weight}})


def test_the_second_head_learns_what_the_teacher_hears_and_is_dropped():
    streams = features()
    import torch
    torch.manual_seed(0)
    network, _, curve = loop.train_network([streams], np.arange(3), config(0.2), 1)
    alone, _, _ = loop.train_network([streams], np.arange(3), config(0.0), 1)
    assert set(network.state_dict()) == set(alone.state_dict())     # nothing of it is left
    assert any(not torch.equal(a, b) for a, b in zip(network.parameters(), alone.parameters()))
    pupil = loop.Pupil(network, streams, 1.0)
    assert pupil._steps.tolist() == [23, 47]    # frames 95 and 193 are the ends of whole steps
    before = None
    optimiser = torch.optim.Adam(pupil.head.parameters(), 0.1)
    for _ in range(40):
        network(torch.from_numpy(streams.values))
        loss = pupil.loss(torch.from_numpy(streams.teacher).float())
        before = before or loss.item()
        optimiser.zero_grad()
        loss.backward(retain_graph=True)
        optimiser.step()
    assert loss.item() < 0.7 * before
    pupil.leave()
    network(torch.from_numpy(streams.values))
    assert pupil._states is None


def test_distillation_without_a_teacher_is_said():
    with pytest.raises(ValueError, match='no teacher'):
        loop.train_network([features(teacher=False)], np.arange(3), config(0.2), 1)


def test_several_manifests(tmp_path):
    for folder in ('one', 'two'):
        (tmp_path / folder).mkdir()
        for name in ('a.wav', f'{folder}.wav'):
            soundfile.write(tmp_path / folder / name, np.zeros(800), 16000)
        write_manifest([{'path': name, 'label': 'dog', 'group': name, 'fold': '1'}
                        for name in ('a.wav', f'{folder}.wav')],
                       tmp_path / folder / 'manifest.csv')
    clips = load_several([tmp_path / 'one', tmp_path / 'two' / 'manifest.csv'])
    assert [clip.path for clip in clips] == ['a.wav', 'one.wav', 'two/a.wav', 'two/two.wav']
    with pytest.raises(ManifestError, match='another manifest'):
        load_several([tmp_path / 'one', tmp_path / 'one', tmp_path / 'one'])
    (tmp_path / 'o.csv').write_text('path,teachers,label\none.wav,0.25,cry\n')
    joined = join_table(clips, tmp_path / 'o.csv')
    assert joined[1].extra['teachers'] == '0.25' and joined[1].label == 'dog'
    assert 'teachers' not in joined[0].extra


def test_further_cries_are_trained_on_and_counted_nowhere(tmp_path):
    def clip(name, kind, fold):
        file = tmp_path / f'{name}.wav'
        soundfile.write(file, np.full(16000, 0.1), 16000)
        return Clip(f'{kind}/{name}.wav', file, 'hungry' if kind == 'cry' else 'x', name, fold,
                    kind)

    clips = [clip(f'{kind}{fold}', kind, fold) for kind in ('cry', 'not_cry') for fold in (0, 1)]
    run = TrainingRun(config_from_dict({}), clips, tmp_path / 'run', None,
                      background=[clip('more', 'cry', 0), clip('rain', 'not_cry', 1)])
    assert [one.group for one in run.store.clips if one.is_cry] == ['cry0', 'cry1', 'more']
    assert len(run.clips) == 4
    with pytest.raises(ManifestError, match='emotional'):
        TrainingRun(config_from_dict({}), clips, tmp_path / 'other', None,
                    background=[clip('joy', EMOTION, 0)])
