# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The annotate command: one pass whatever the blocks, killed and gone on with, bad input."""

import json
import os
from pathlib import Path
import resource
import shutil
import signal
import subprocess
import sys
import time

from baby_cry_detector.audio import read_audio
from baby_cry_detector.cli.main import main
from baby_cry_detector.research.annotation import hearing
from baby_cry_detector.research.annotation.hearing import hear, Options
from baby_cry_detector.research.annotation.recordings import find_recordings, Recording
from baby_cry_detector.research.annotation.store import Store, StoreError
from baby_cry_detector.research.annotation.workers import heard_by_processes
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import file_messages, MessageReplay
import numpy as np
import pytest
from recordings import SHIPPED
import soundfile

CRIES = sorted(SHIPPED.glob('cry/unknown/*.flac'))
OTHERS = sorted(SHIPPED.glob('not_cry/*/*.flac'))
COMMAND = [sys.executable, '-m', 'baby_cry_detector.cli.main', 'annotate']


@pytest.fixture(scope='module')
def long_file(tmp_path_factory):
    """Return a minute: cries and other sounds, with quiet between them."""
    generator = np.random.default_rng(3)
    parts = []
    for number, path in enumerate([*CRIES[:2], OTHERS[0], *CRIES[2:4]]):
        parts += [0.5 * read_audio(path), generator.normal(0, 1e-3, 16_000 * (2 + number % 5))]
    file = tmp_path_factory.mktemp('long') / 'long.wav'
    soundfile.write(file, np.concatenate(parts), 16_000, subtype='PCM_16')
    return file


def recording_of(path):
    found = find_recordings(path)
    assert len(found.recordings) == 1 and not found.problems
    return found.recordings[0]


def folder_of(where, copies=4):
    """Return a folder with short recordings."""
    where.mkdir()
    for number in range(copies):
        shutil.copy([*CRIES, *OTHERS][number % 10], where / f'r{number:02d}.flac')
    return where


def report(out):
    return json.loads((out / 'report.json').read_text())


def test_wherever_blocks_end_the_episodes_are_those_of_one_pass(long_file, monkeypatch):
    # One pass, a decision after each frame, as `listen` runs it.
    listener = FrameListener(open_checkpoint(''))
    onsets = {}
    for decision in MessageReplay(listener.feature_set).decisions(
            file_messages(long_file, 16_000), listener):
        if decision.crying:
            onsets[decision.episode] = (decision.onset_ns / 1e9,
                                        (decision.onset_ns + decision.duration_ns) / 1e9)
    expected = [(round(start, 6), round(stop, 6)) for start, stop in onsets.values()]
    assert len(expected) >= 2
    answers = []
    for block_s in (0.1, 0.73, hearing.BLOCK_S):
        monkeypatch.setattr(hearing, 'BLOCK_S', block_s)
        document, _ = hear(recording_of(long_file), Options())
        assert document['status'] == 'heard', document
        assert [(episode['onset_s'], episode['end_s'])
                for episode in document['episodes']] == expected
        answers.append(document['episodes'])
    # Confirmation, intensity and needs too.
    assert answers[0] == answers[1] == answers[2]
    assert any(episode['confirmed'] for episode in answers[0])


def test_frames_are_those_that_were_decided_on(long_file):
    document, frames = hear(recording_of(long_file), Options(frames=True))
    assert frames.shape[1] == 3 and len(frames) == pytest.approx(
        document['duration_s'] / 0.1, abs=3)
    assert (np.diff(frames[:, 0]) > 0).all()
    for episode in document['episodes']:
        inside = frames[(frames[:, 0] >= episode['onset_s']) & (frames[:, 0] <= episode['end_s'])]
        assert inside[:, 1].max() == pytest.approx(episode['peak_probability'], abs=0.2)
    assert hear(recording_of(long_file), Options())[1] is None


def test_everything_that_people_name_is_heard_and_what_cannot_be_is_listed(tmp_path, capsys):
    folder, out = tmp_path / 'in', tmp_path / 'out'
    (folder / 'a').mkdir(parents=True)
    (folder / 'b').mkdir()
    for name in (b'a/same.flac', b'b/same.flac', b'new\nline.flac', b'no-\xff-utf8.flac',
                 b'-rf.flac', '宝宝 1.flac'.encode()):
        shutil.copy(CRIES[0], os.path.join(os.fsencode(folder), name))
    data = CRIES[0].read_bytes()
    (folder / 'cut.flac').write_bytes(data[:len(data) // 2])
    (folder / 'empty.wav').write_bytes(b'')
    soundfile.write(folder / 'muted.wav', np.zeros(16_000 * 24), 16_000)
    shutil.copy(CRIES[0], os.path.join(os.fsencode(folder), b'\xff' * 100 + b'.flac'))
    (folder / 'garbage.wma').write_bytes(np.random.default_rng(0).bytes(4000))
    (folder / 'a' / 'dead.wav').symlink_to(folder / 'nowhere.wav')
    os.mkfifo(folder / 'pipe.wav')
    (folder / 'notes.txt').write_text('hello')
    (folder / 'no_suffix').write_bytes(data)
    assert main(['annotate', str(folder), '--out', str(out), '--json', '--format', 'all',
                 '--processes', '2']) == 1
    document = json.loads(capsys.readouterr().out)
    assert document == report(out)
    assert (document['recordings'], document['heard'], document['partly'],
            document['failed'], document['left']) == (14, 8, 2, 4, 0)
    assert {problem['name']: problem['kind'] for problem in document['problems']} == {
        'cut.flac': 'damaged', 'muted.wav': 'untrusted', 'empty.wav': 'empty',
        'garbage.wma': 'undecodable',
        'a/dead.wav': 'missing', 'pipe.wav': 'no_file'}
    assert document['passed_over'] == {'.txt': 1}
    lines = (out / 'episodes.rttm').read_text(encoding='utf-8').splitlines()
    assert {line.split()[1] for line in lines} >= {'a.same', 'b.same', 'new%0Aline',
                                                   'no-%FF-utf8', '-rf', '宝宝%201'}
    assert all(len(line.split()) == 10 for line in lines)
    grids = {os.fsencode(path.relative_to(out / 'textgrid'))
             for path in (out / 'textgrid').rglob('*.TextGrid')}
    assert b'no-\xff-utf8.TextGrid' in grids and b'a/same.TextGrid' in grids and len(grids) == 10
    # A second run hears nothing again, and says the same.
    times = {path: path.stat().st_mtime_ns for path in out.glob('results/*/*.json')}
    assert len(times) == 12
    assert main(['annotate', str(folder), '--out', str(out), '--format', 'csv']) == 1
    assert {path: path.stat().st_mtime_ns for path in out.glob('results/*/*.json')} == times


def test_a_list_may_name_anything(tmp_path):
    folder = folder_of(tmp_path / 'in', 2)
    (folder / 'new\nline.flac').write_bytes(CRIES[0].read_bytes())
    zeros, lines = tmp_path / 'zeros.list', tmp_path / 'lines.list'
    zeros.write_bytes(b'in/r00.flac\0in/new\nline.flac\0in/../in/r00.flac\0')
    lines.write_bytes(b'\xef\xbb\xbfin/r01.flac\r\n\r\n' + bytes(folder) + b'/r00.flac\r\nin\n'
                      b'in/none.wav\n')
    found = find_recordings(zeros)
    assert [recording.name for recording in found.recordings] == ['in/r00.flac',
                                                                  'in/new\nline.flac']
    assert found.twice == ['in/r00.flac']
    found = find_recordings(lines)
    assert [recording.name for recording in found.recordings] == ['in/r01.flac', 'in/r00.flac']
    assert [(problem.name, problem.kind) for problem in found.problems] == [
        ('in', 'no_file'), ('in/none.wav', 'missing')]


def test_a_file_that_changes_meanwhile_is_not_believed_and_heard_again(tmp_path):
    path = folder_of(tmp_path / 'in', 1) / 'r00.flac'
    before = recording_of(path)
    shutil.copy(OTHERS[0], path)
    assert hear(before, Options())[0]['kind'] == 'changed'
    path.unlink()
    assert hear(before, Options())[0]['kind'] == 'changed'
    shutil.copy(CRIES[0], path)
    out = tmp_path / 'out'
    arguments = ['annotate', str(path.parent), '--out', str(out), '--processes', '1']
    assert main(arguments) == 0 and report(out)['episodes'] == 1
    shutil.copy(OTHERS[0], path)
    assert main(arguments) == 0 and report(out)['episodes'] == 0


def children(parent):
    return [int(pid) for pid in
            Path(f'/proc/{parent}/task/{parent}/children').read_text().split()]


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='needs /proc')
def test_a_worker_that_is_killed_is_replaced_and_each_recording_comes_once(tmp_path):
    found = find_recordings(folder_of(tmp_path / 'in', 8))
    heard = []
    before = set(children(os.getpid()))
    running = heard_by_processes(found.recordings, Options(), 2)
    for document, _ in running:
        heard.append(document)
        if len(heard) == 2:
            for pid in set(children(os.getpid())) - before:
                os.kill(pid, signal.SIGKILL)
    assert sorted(document['name'] for document in heard) == [
        recording.name for recording in found.recordings]
    assert {document['status'] for document in heard} == {'heard'}
    assert set(children(os.getpid())) <= before


def test_a_recording_that_workers_die_of_is_given_up_by_name(tmp_path):
    found = find_recordings(folder_of(tmp_path / 'in', 2))
    deadly = found.recordings[0]
    # A size that can't be pickled back is no help; an option that ends the process is.
    results = {document['name']: document for document, _ in heard_by_processes(
        [Recording(deadly.path, deadly.name, _Deadly(), 0), found.recordings[1]], Options(), 1)}
    assert results[deadly.name]['kind'] == 'crash'
    assert results['r01.flac']['status'] == 'heard'


class _Deadly(int):
    """Ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (7,)


def test_a_command_that_is_killed_goes_on_where_it_ended(tmp_path):
    folder, out = folder_of(tmp_path / 'in', 24), tmp_path / 'out'
    command = subprocess.Popen([*COMMAND, str(folder), '--out', str(out), '--processes', '1'],
                               stderr=subprocess.PIPE)
    deadline = time.monotonic() + 240
    while len(list(out.glob('results/*/*.json'))) < 3:
        assert time.monotonic() < deadline and command.poll() is None
        time.sleep(0.01)
    command.kill()
    command.communicate()
    done = {path: path.stat().st_mtime_ns for path in out.glob('results/*/*.json')}
    for path in done:
        assert json.loads(path.read_text())['status'] == 'heard'      # whole
    assert main(['annotate', str(folder), '--out', str(out), '--processes', '1']) == 0
    assert report(out)['heard'] == report(out)['recordings'] == 24
    assert {path: path.stat().st_mtime_ns for path in done} == done
    rows = (out / 'recordings.csv').read_text().splitlines()[1:]
    assert sorted(row.split(',')[0] for row in rows) == [f'r{n:02d}' for n in range(24)]


def test_a_disk_that_is_full_leaves_nothing_half(tmp_path, long_file):
    folder, out = folder_of(tmp_path / 'in', 2), tmp_path / 'out'
    shutil.copy(long_file, folder / 'long.wav')

    def no_large_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    arguments = [str(folder), '--out', str(out), '--frames', '--processes', '1']
    result = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True,
                            preexec_fn=no_large_files)
    assert result.returncode == 1 and f'error: {out}' in result.stderr
    assert 'File too large' in result.stderr and 'the same command goes on' in result.stderr
    assert 'Traceback' not in result.stderr
    assert not list(out.rglob('*.partial'))
    assert main(['annotate', *arguments]) == 0
    assert report(out)['heard'] == 3


def test_results_of_other_options_are_not_mixed(tmp_path, capsys):
    folder, out = folder_of(tmp_path / 'in', 1), tmp_path / 'out'
    assert main(['annotate', str(folder), '--out', str(out), '--processes', '1']) == 0
    assert main(['annotate', str(folder), '--out', str(out), '--hold-s', '5']) == 1
    assert 'other options (decision)' in capsys.readouterr().err
    assert main(['annotate', str(folder), '--out', str(out), '--hold-s', '5', '--anew',
                 '--processes', '1']) == 0
    with Store(out, Options(decision={}).identity(), anew=True):
        with pytest.raises(StoreError, match='another annotate'):
            Store(out, {})


@pytest.mark.skipif(shutil.which('ffmpeg') is None, reason='needs ffmpeg')
def test_what_only_ffmpeg_reads_is_heard_like_the_same_in_wav(tmp_path):
    wav, mkv, video = tmp_path / 'a.wav', tmp_path / 'a\n%d -i.mka', tmp_path / 'no_audio.mp4'
    for target, coding in ((wav, 'pcm_s16le'), (mkv, 'flac')):
        subprocess.run(['ffmpeg', '-v', 'error', '-i', CRIES[0], '-ar', '44100', '-ac', '2',
                        '-bitexact', '-c:a', coding, f'file:{target}'], check=True)
    documents = [hear(recording_of(path), Options())[0] for path in (wav, mkv)]
    assert [document['reader'] for document in documents] == ['libsndfile', 'ffmpeg']
    assert documents[0]['episodes'] == documents[1]['episodes'] != []
    assert (documents[1]['sample_rate'], documents[1]['channels']) == (44100, 2)
    subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'color=d=1', video], check=True)
    assert hear(recording_of(video), Options())[0]['kind'] == 'undecodable'


def test_dask_workers_give_what_processes_give(tmp_path):
    distributed = pytest.importorskip('distributed')
    folder = folder_of(tmp_path / 'in', 5)
    (folder / 'empty.wav').write_bytes(b'')
    outs = tmp_path / 'dask', tmp_path / 'processes'
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                  dashboard_address=None, host='127.0.0.1',
                                  protocol='tcp://') as cluster:
        assert main(['annotate', str(folder), '--out', str(outs[0]), '--scheduler',
                     cluster.scheduler_address]) == 1
    assert main(['annotate', str(folder), '--out', str(outs[1]), '--processes', '1']) == 1
    for file in ('episodes.csv', 'recordings.csv', 'episodes.rttm'):
        assert (outs[0] / file).read_bytes() == (outs[1] / file).read_bytes()


def test_wrong_arguments_are_one_sentence(tmp_path, capsys):
    assert main(['annotate', str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]) == 1
    assert main(['annotate', str(tmp_path), '--out', str(tmp_path / 'out')]) == 1
    assert main(['annotate', str(tmp_path), '--out', str(tmp_path / 'out'), '--format',
                 'xml']) == 2
    assert main(['annotate', str(SHIPPED), '--out', str(tmp_path / 'out'), '--enter-threshold',
                 '0.2', '--leave-threshold', '0.3']) == 2
    assert not (tmp_path / 'out').exists()
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4 and all(line.startswith('error: ') for line in errors)


@pytest.mark.parametrize('address', ['host', 'tcp://host', 'tcp://:8786', 'tcp://host:port',
                                     'http://host:8786', 'tcp://[::1:8786', '☃'])
def test_what_is_no_address_of_a_scheduler_is_refused_before_it_is_tried(
        address, tmp_path, capsys):
    pytest.importorskip('dask.distributed', reason='needs dask[distributed]')
    assert main(['annotate', str(CRIES[0]), '--out', str(tmp_path / 'out'), '--scheduler',
                 address]) == 1
    assert 'tcp://host:8786' in capsys.readouterr().err
