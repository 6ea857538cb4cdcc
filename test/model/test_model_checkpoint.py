# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
import io
import json
import pickle
import zipfile

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import (checkpoint_from_bytes, checkpoint_to_bytes,
                                                CheckpointError, load_checkpoint, save_checkpoint)
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest

CASUAL = settings(max_examples=150, deadline=None, database=None,
                  suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def checkpoint(make_checkpoint, small):
    return make_checkpoint(small, Architecture(4, (5,), cell='lstm_peephole'))


@pytest.fixture
def data(checkpoint):
    return checkpoint_to_bytes(checkpoint)


def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def with_document(data, change):
    parts = entries(data)
    document = json.loads(np.load(io.BytesIO(parts['document.npy'])).tobytes())
    change(document)
    parts['document.npy'] = npy(np.frombuffer(json.dumps(document).encode(), np.uint8))
    return pack(parts)


def same(left, right):
    return left.to_document() == right.to_document() and all(
        np.array_equal(a.mean, b.mean) and np.array_equal(a.std, b.std)
        and all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)
        for a, b in zip(left.members, right.members))


def test_round_trip_through_a_file(tmp_path, checkpoint):
    checkpoint.provenance.update(auc=np.float32(0.5), folds=np.arange(3), path=tmp_path)
    path = tmp_path / 'model.npz'
    path.write_bytes(b'what was there before')
    save_checkpoint(path, checkpoint)
    loaded = load_checkpoint(path)
    assert loaded.provenance == {'seed': 3, 'auc': 0.5, 'folds': [0, 1, 2],
                                 'path': str(tmp_path)}
    checkpoint.provenance = loaded.provenance
    assert same(loaded, checkpoint)
    assert checkpoint_to_bytes(loaded) == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ['model.npz']


def test_plain_numpy_can_read_it(data):
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        assert json.loads(archive['document'].tobytes())['version'] == 1
        assert archive['member0.layers.0.gate_w'].dtype == np.float32


def test_missing_file_and_folder_are_named(tmp_path):
    for path in (tmp_path / 'none.npz', tmp_path):
        with pytest.raises(CheckpointError, match=str(path)):
            load_checkpoint(path)


@pytest.mark.parametrize('share', [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_file(data, share):
    with pytest.raises(CheckpointError, match='corrupt'):
        checkpoint_from_bytes(data[:int(len(data) * share)])


@pytest.mark.parametrize('change, message', [
    (lambda d: d.update(version=2), 'version 1, got 2'),
    (lambda d: d.update(version=True), 'version 1'),
    (lambda d: d.update(format='something'), 'not a checkpoint'),
    (lambda d: d.pop('labels'), "'labels' of the document is missing"),
    (lambda d: d.update(colour=1), "'colour' of the document is unknown"),
    (lambda d: d.update(members=[]), 'belongs to no member'),
    (lambda d: d.update(members={'0': 1}), 'members: expected a list'),
    (lambda d: d.update(members=[3] * 40), '1 to 32 members'),
    (lambda d: d.update(members=[3]), 'member 0'),
    (lambda d: d['members'].pop(), 'belongs to no member'),
    (lambda d: d['members'][0]['architecture'].update(cell='transformer'), 'cell: expected one'),
    (lambda d: d['members'][0]['architecture'].update(hidden_sizes=[12, 9]), 'expected shape'),
    (lambda d: d['members'][0]['architecture'].update(gate_bias=False), 'does not belong'),
    (lambda d: d['members'][1]['architecture'].update(cell='attention'), 'gate_bias is missing'),
    (lambda d: d['members'][0]['architecture'].update(hidden_sizes=[16384] * 16), 'shape|miss'),
    (lambda d: d['members'][0].update(input_columns=['c1', 'c2', 'c3', 'x']), "'x' is not in"),
    (lambda d: d['members'][0].update(input_columns=['c1', 'c2', 'c3']), 'expected 4 input'),
    (lambda d: d['members'][0].update(input_columns=['c1'] * 4), 'every text once'),
    (lambda d: d.update(feature_columns=['c1', 'c2']), 'columns of the feature_set'),
    (lambda d: d.update(feature_set=3), 'feature_set: expected a JSON object'),
    (lambda d: d.update(labels=['a', 'b', 'c']), 'expected 3 outputs'),
    (lambda d: d.update(cry_labels=['scream']), 'cry_labels'),
    (lambda d: d.update(cry_labels=[]), 'cry_labels'),
    (lambda d: d.update(cry_labels=['not_cry', 'cry']), 'cry_labels'),
    (lambda d: d.update(needs=['hungry']), 'outputs for the needs'),
    (lambda d: d.update(need_priors=[0.5, 0.5]), 'need_priors: expected 3'),
    (lambda d: d.update(need_priors=[0.5, 0.5, 0.5]), 'sum to 1'),
    (lambda d: d.update(temperature=0), 'temperature: 0.0 is below 0.001'),
    (lambda d: d.update(temperature='1'), 'temperature'),
    (lambda d: d.update(temperature=True), 'temperature'),
    (lambda d: d.update(smoothing_s=-1), 'smoothing_s'),
    (lambda d: d.update(enter_threshold=1.5), 'enter_threshold'),
    (lambda d: d.update(enter_threshold=0.4), 'leave_threshold: expected at most'),
])
def test_wrong_documents_are_named(data, change, message):
    with pytest.raises(CheckpointError, match=message):
        checkpoint_from_bytes(with_document(data, change))


@pytest.mark.parametrize('change, message', [
    (lambda p: p.pop('member0.layers.1.gate_v.npy'), 'layers.1.gate_v is missing'),
    (lambda p: p.pop('member0.mean.npy'), 'array mean is missing'),
    (lambda p: p.pop('document.npy'), 'no document'),
    (lambda p: p.update({'member0.extra.npy': npy(np.zeros(2, np.float32))}), 'does not belong'),
    (lambda p: p.update({'member7.mean.npy': npy(np.zeros(2, np.float32))}), 'no member'),
    (lambda p: p.update({'readme.txt': b'hello'}), 'unexpected entry'),
    (lambda p: p.update({'member0.mean.npy': npy(np.zeros(4))}), 'expected float32'),
    (lambda p: p.update({'member0.mean.npy': npy(np.zeros((2, 2), np.float32))}), 'shape'),
    (lambda p: p.update({'member0.mean.npy': npy(np.full(4, np.nan, np.float32))}), 'finite'),
    (lambda p: p.update({'member0.mean.npy': npy(np.full(4, np.inf, np.float32))}), 'finite'),
    (lambda p: p.update({'member0.std.npy': npy(np.zeros(4, np.float32))}), 'std above 0'),
    (lambda p: p.update({'member0.label_head.bias.npy':
                         npy(np.array([1e30, 0], np.float32))}), 'within'),
    (lambda p: p.update({'member0.mean.npy': npy(np.zeros(4, np.float32))[:-3]}), 'its size'),
    (lambda p: p.update({'member0.mean.npy': b'\x93NUMPY\x01\x00\xff\xff{'}), 'damaged header'),
    (lambda p: p.update({'document.npy': npy(np.frombuffer(b'{', np.uint8))}), 'not JSON'),
    (lambda p: p.update({'document.npy': npy(np.frombuffer(b'[' * 100000, np.uint8))}), 'JSON'),
    (lambda p: p.update({'document.npy': npy(np.frombuffer(b'{"a": NaN}', np.uint8))}), 'JSON'),
    (lambda p: p.update({'document.npy': npy(np.frombuffer(b'\xff\xfe', np.uint8))}), 'JSON'),
    (lambda p: p.update({'document.npy': npy(np.frombuffer(b'[1]', np.uint8))}), 'format'),
])
def test_wrong_arrays_are_named(data, change, message):
    parts = entries(data)
    change(parts)
    with pytest.raises(CheckpointError, match=message):
        checkpoint_from_bytes(pack(parts))


def test_nan_weight_is_refused_on_saving_too(tmp_path, checkpoint):
    checkpoint.arrays['layers.0.gate_w'][3, 2] = np.nan
    with pytest.raises(CheckpointError, match='layers.0.gate_w: expected finite'):
        save_checkpoint(tmp_path / 'model.npz', checkpoint)
    assert not list(tmp_path.iterdir())


def test_provenance_that_is_no_json_is_refused(checkpoint):
    for value in (object(), float('nan'), {1, 2}):
        checkpoint.provenance['wrong'] = value
        with pytest.raises(CheckpointError, match='must be JSON'):
            checkpoint_to_bytes(checkpoint)


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), 'w')


def test_pickles_are_never_executed(tmp_path, data):
    marker = tmp_path / 'executed'
    payload = pickle.dumps(Payload(marker))
    objects = io.BytesIO()
    np.save(objects, np.array([Payload(marker)], dtype=object), allow_pickle=True)
    plain = io.BytesIO()
    np.savez(plain, document=np.array([Payload(marker)], dtype=object))
    attacks = [payload, objects.getvalue(), plain.getvalue(), pack({'document.npy': payload})]
    for name in entries(data):
        for content in (payload, objects.getvalue()):
            attacks.append(pack({**entries(data), name: content}))
    for attack in attacks:
        with pytest.raises(CheckpointError):
            checkpoint_from_bytes(attack)
    assert not marker.exists()
    pickle.loads(payload).close()
    assert marker.exists()              # the payload does work where it is let


def test_sizes_are_refused_before_memory_is_taken(data):
    header = npy(np.zeros(4, np.float32))
    absurd = header.replace(b'(4,), }         ', b'(999999999999,),}')
    assert absurd != header
    parts = {**entries(data), 'member0.mean.npy': absurd}
    with pytest.raises(CheckpointError, match='its size'):
        checkpoint_from_bytes(pack(parts))
    negative = header.replace(b'(4,), }', b'(-4,),}')
    with pytest.raises(CheckpointError):
        checkpoint_from_bytes(pack({**parts, 'member0.mean.npy': negative}))


@CASUAL
@given(st.binary(max_size=300))
def test_random_bytes(data):
    for content in (data, b'PK\x03\x04' + data, b'\x93NUMPY\x01\x00' + data):
        with pytest.raises(CheckpointError):
            checkpoint_from_bytes(content)


@CASUAL
@given(st.binary(max_size=200))
def test_random_documents_and_arrays(content):
    for name in ('document.npy', 'member0.mean.npy'):
        with pytest.raises(CheckpointError):
            checkpoint_from_bytes(pack({name: content}))
    with pytest.raises(CheckpointError):
        checkpoint_from_bytes(pack({'document.npy': npy(np.frombuffer(content, np.uint8))}))


@CASUAL
@given(st.data())
def test_flipped_bits_give_an_error_or_nothing_at_all(data, checkpoint, draw):
    # A few bits of a zip (dates, permissions) mean nothing; all others must be noticed.
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        position = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[position] ^= 1 << draw.draw(st.integers(0, 7))
    try:
        loaded = checkpoint_from_bytes(bytes(damaged))
    except CheckpointError:
        return
    assert same(loaded, checkpoint)


@CASUAL
@given(st.data())
def test_spliced_files_give_an_error_or_nothing_at_all(data, checkpoint, draw):
    start = draw.draw(st.integers(0, len(data)))
    stop = draw.draw(st.integers(start, len(data)))
    filling = draw.draw(st.binary(max_size=50))
    try:
        loaded = checkpoint_from_bytes(data[:start] + filling + data[stop:])
    except CheckpointError:
        return
    assert same(loaded, checkpoint)
