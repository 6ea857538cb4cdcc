# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the nodes do with bad, late and repeated messages, without ROS: the same state machines."""

import random

from baby_cry_detector.audio import AudioFormat, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, format_message, FormatMessage
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.decision import (CryDecision, DecisionSettings, STATUS_DISABLED,
                                        STATUS_NO_AUDIO, STATUS_OK)
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.needs import STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.stream import classification
from baby_cry_detector.stream.classification import Classification
from baby_cry_detector.stream.extraction import Extraction, MOST_WAITING
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import MessageReplay
from baby_cry_detector.stream.troubles import Troubles
from faulty_ways import repeat, shift
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from offline import episodes, hear_blocks, messages_of
import pytest

NS = 1_000_000_000
RATE = 16_000
START_NS = 1_700_000_000 * NS
BLOCK = 640
CHECKPOINT = open_checkpoint()
FEATURES = FeatureSet.from_dict(CHECKPOINT.feature_set)
WAVE = FormatMessage(0, AudioFormat(RATE, 1))


class Info:
    """An audio_info message."""

    def __init__(self, sample_rate=RATE, channels=1, sample_format='S16LE', coding_format='wave'):
        self.sample_rate, self.channels = sample_rate, channels
        self.sample_format, self.coding_format = sample_format, coding_format


def quiet(duration_s, seed=0):
    """Return a quiet room, float."""
    return 10 ** (-55 / 20) * np.random.default_rng(seed).standard_normal(int(duration_s * RATE))


def with_cry(before_s, after_s, seed=3, cry_s=6.0):
    """Return int16 samples: quiet, a cry of 6 s, quiet."""
    samples = quiet(before_s + cry_s + after_s, seed)
    cry = synthesise_cry(cry_s, seed=1 + seed)
    first = int(before_s * RATE)
    samples[first:first + len(cry)] += cry
    return to_pcm16(samples)


def blocks_of(pcm, start_ns=START_NS):
    """Return [(stamp, bytes)] of whole blocks."""
    return [(start_ns + first * NS // RATE, pcm[first:first + BLOCK].tobytes())
            for first in range(0, len(pcm) - BLOCK + 1, BLOCK)]


def audio(stamp_ns, data, arrival_ns=None):
    return AudioMessage(stamp_ns if arrival_ns is None else arrival_ns, stamp_ns, 'crib', data)


def still_hears(extraction, start_ns):
    """Whether audio of a second gives its frames."""
    extraction.on_format(WAVE)
    frames = [frame for stamp_ns, data in blocks_of(to_pcm16(quiet(1.0)), start_ns)
              for frame in extraction.on_audio(audio(stamp_ns, data))]
    return sum(len(part.values) for part in frames) >= 80


# --- extraction ----------------------------------------------------------------------------------
def test_mp3_is_refused_with_a_sentence_and_wave_is_heard_after_it():
    extraction = Extraction(FEATURES)
    extraction.on_format(format_message(0, Info(coding_format='mp3')))
    assert 'mp3' in extraction.format_trouble
    said = extraction.on_audio(audio(START_NS, b'\xff\xfb' * 100))
    assert not any(len(part.values) for part in said) and 'mp3' in said[0].trouble
    assert extraction.troubles.counts['undecodable'] == 1
    assert still_hears(extraction, START_NS + NS) and not extraction.format_trouble


@pytest.mark.parametrize('info', [
    {'sample_rate': 0}, {'channels': 0}, {'sample_format': 'F32LE'},
    {'sample_rate': 4_000_000_000}, {'coding_format': 'flac'}])
def test_format_that_cannot_be_heard_is_named(info):
    extraction = Extraction(FEATURES)
    extraction.on_format(format_message(0, Info(**info)))
    assert 'expected' in extraction.format_trouble
    assert still_hears(extraction, START_NS)


def test_a_format_that_cannot_be_true_leaves_the_one_that_was():
    extraction = Extraction(FEATURES)
    assert still_hears(extraction, START_NS)
    extraction.on_format(format_message(0, Info(sample_rate=0)))
    assert not extraction.format_trouble and extraction.format == AudioFormat(RATE, 1)
    extraction.on_format(format_message(0, Info(coding_format='mp3')))
    assert extraction.format_trouble


def test_audio_before_its_format_is_kept_and_bounded():
    extraction = Extraction(FEATURES)
    blocks = blocks_of(to_pcm16(quiet(2.0)))
    for stamp_ns, data in blocks:
        assert extraction.on_audio(audio(stamp_ns, data)) == []
    assert extraction.troubles.counts['without_format'] == len(blocks)
    frames = extraction.on_format(WAVE)
    assert frames[0].first_frame == 0 and frames[0].start_ns == START_NS
    assert sum(len(part.values) for part in frames) > 180
    late = Extraction(FEATURES)
    for number in range(MOST_WAITING + 7):
        late.on_audio(audio(START_NS + number * NS // 25, bytes(1280)))
    assert late.troubles.counts['dropped_without_format'] == 7


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_hostile_audio_messages_are_survived(seed):
    extraction = Extraction(FEATURES)
    extraction.on_format(WAVE)
    generator = random.Random(seed)
    for number in range(40):
        size = generator.choice([0, 1, 3, 641, 1279, 1280, 100_001])
        stamp_ns = generator.choice([0, -1, START_NS, START_NS + number, 2**31 * NS - 1])
        extraction.on_audio(audio(stamp_ns, generator.randbytes(size)))
        if generator.random() < 0.1:
            extraction.on_format(format_message(0, Info(
                generator.choice([0, 8000, RATE, 48_000, 2**32 - 1]),
                generator.choice([0, 1, 2, 255]), generator.choice(['S16LE', '', 'F32LE']),
                generator.choice(['wave', 'mp3', '']))))
        extraction.on_silence(generator.choice([None, 0, NS // 2, 5 * NS]))
    assert still_hears(extraction, START_NS + 100 * NS)


def test_rate_change_in_mid_stream():
    extraction = Extraction(FEATURES)
    assert still_hears(extraction, START_NS)
    owed = extraction.on_format(FormatMessage(0, AudioFormat(48_000, 1)))
    assert owed and extraction.format.sample_rate == 48_000
    frames = [frame for number in range(25) for frame in extraction.on_audio(
        audio(START_NS + 2 * NS + number * NS // 25, bytes(2 * 1920)))]
    assert frames[0].first_frame == 0
    assert extraction.troubles.counts['format_change'] == 1


def test_silence_is_told_once_and_what_is_only_late_goes_on():
    said = []
    extraction = Extraction(FEATURES)
    extraction.troubles._tell = lambda kind, sentence: said.append(kind)
    extraction.on_silence(None)
    assert not said
    assert still_hears(extraction, START_NS)
    for silent_ns in (NS // 2, 2 * NS, 3 * NS):
        extraction.on_silence(silent_ns)
    assert said == ['no_audio'] and extraction.level_dbfs == -120.0
    extraction.on_audio(audio(START_NS + NS, bytes(1280), START_NS + 9 * NS))
    assert not extraction.troubles.counts['gap'] and extraction.is_flowing


# --- classification ------------------------------------------------------------------------------
class Classifier:
    """A classification, and frames of a recording for it."""

    def __init__(self, pcm=None):
        self.machine = Classification(FrameListener(CHECKPOINT, crib_id='crib'))
        pcm = with_cry(1.0, 3.0) if pcm is None else pcm
        extraction = Extraction(FEATURES)
        extraction.on_format(WAVE)
        self.frames = [part for stamp_ns, data in blocks_of(pcm)
                       for part in extraction.on_audio(audio(stamp_ns, data))]

    def hear(self, frames):
        return [decision for part in frames for decision in self.machine.on_frames(part, 'crib')]


def answers(decisions):
    return [(d.stamp_ns, d.crying, d.cry_probability) for d in decisions]


def test_frames_that_arrive_again_change_nothing():
    expected = Classifier()
    wanted = expected.hear(expected.frames)
    repeated = Classifier()
    twice = [part for part in repeated.frames for _ in range(2)]
    assert answers(repeated.hear(twice)) == answers(wanted)
    assert repeated.machine.troubles.counts['frames_repeated'] == len(repeated.frames)
    assert not repeated.machine.troubles.counts['continuity_lost']


def test_a_block_that_overlaps_the_last_gives_only_what_is_new():
    joined = Classifier()
    wanted = joined.hear(joined.frames)
    overlapping = Classifier()
    parts = overlapping.frames
    both = [parts[0]] + [StampedFrames(one.first_frame, one.start_ns,
                                       np.concatenate((one.values, two.values)))
                         for one, two in zip(parts, parts[1:])]
    got = overlapping.hear(both)
    assert [a[:2] for a in answers(got)] == [a[:2] for a in answers(wanted)]
    np.testing.assert_allclose([a[2] for a in answers(got)], [a[2] for a in answers(wanted)],
                               atol=1e-5)


def test_lost_frames_are_counted_and_a_restart_is_not_a_loss():
    heard = Classifier()
    del heard.frames[50:60]
    heard.hear(heard.frames)
    lost = heard.machine.troubles.counts
    assert lost['frames_lost'] == 40 and lost['continuity_lost'] == 1
    again = Classifier()
    again.hear(again.frames)
    again.hear([StampedFrames(0, again.machine.next_start_ns + NS, again.frames[0].values)])
    assert again.machine.troubles.counts['continuity_lost'] == 1
    assert not again.machine.troubles.counts['frames_lost']


def test_silence_disabling_and_hearing_again():
    heard = Classifier()
    machine = heard.machine
    first = machine.on_silence(None, START_NS)
    assert (first.status, first.stamp_ns) == (STATUS_NO_AUDIO, START_NS)
    heard.hear(heard.frames[:60])
    assert machine.on_silence(NS // 2, 0).status == STATUS_OK
    silent = machine.on_silence(3 * NS, 0)
    assert silent.status == STATUS_NO_AUDIO
    assert silent.stamp_ns == machine.next_start_ns + 3 * NS
    assert machine.troubles.counts['no_audio'] == 1
    machine.enable(False)
    assert machine.on_silence(NS // 10, 0).status == STATUS_DISABLED
    assert heard.hear(heard.frames[60:70]) == []
    machine.enable(True)
    assert machine.on_silence(NS // 10, 0) is None       # nothing was heard yet
    assert heard.hear(heard.frames[70:71])[0].status == STATUS_OK


def test_not_a_number_is_reported_and_survived():
    heard = Classifier()
    bad = np.full_like(heard.frames[0].values, np.nan)
    decisions = heard.hear([StampedFrames(0, START_NS, bad), *heard.frames[1:]])
    assert heard.machine.troubles.counts['nonfinite_features'] == 1
    assert all(np.isfinite(decision.cry_probability) for decision in decisions)


# --- both, as bags and the graph run them --------------------------------------------------------
def delayed(blocks, at_s, delay_s):
    """Return messages of which one delivery, and with it all behind it, comes late."""
    held_ns = START_NS + round((at_s + delay_s) * NS)
    for message in messages_of(blocks):
        if isinstance(message, AudioMessage) and message.stamp_ns >= START_NS + at_s * NS:
            message = AudioMessage(max(message.arrival_ns, held_ns), message.stamp_ns,
                                   message.frame_id, message.data)
        yield message


def as_nodes_do(messages):
    """Drive the machines as the nodes' callbacks and timers do; return decisions."""
    extraction = Extraction(FEATURES)
    machine = Classification(FrameListener(CHECKPOINT, crib_id='crib'))
    decisions, audio_ns, frames_ns, now_ns = [], None, None, START_NS
    for message in messages:
        while now_ns + 180_000_000 < message.arrival_ns:
            now_ns += 180_000_000
            extraction.on_silence(None if audio_ns is None else now_ns - audio_ns)
            said = machine.on_silence(None if frames_ns is None else now_ns - frames_ns, now_ns)
            decisions.append(said)
        now_ns = message.arrival_ns
        if isinstance(message, FormatMessage):
            extraction.on_format(message)
            continue
        audio_ns = now_ns
        for frames in extraction.on_audio(message):
            frames_ns = now_ns
            decisions += machine.on_frames(frames, 'crib')
    return decisions, extraction, machine


@pytest.mark.parametrize('delay_s', [1.5, 2.5])
def test_whole_stamps_with_one_late_delivery_go_on_in_the_graph_and_in_a_bag(delay_s):
    blocks = blocks_of(with_cry(2.0, 4.0, cry_s=8.0))
    expected = hear_blocks(blocks)
    live, extraction, machine = as_nodes_do(delayed(blocks, 5.0, delay_s))
    listener = FrameListener(CHECKPOINT, crib_id='crib')
    replay = MessageReplay(FEATURES)
    told = list(replay.decisions(delayed(blocks, 5.0, delay_s), listener))
    for troubles in (extraction.troubles, machine.troubles, replay.troubles):
        assert not set(troubles.counts) - {'no_audio'}
    ok = [[a for a in decisions if a.status == STATUS_OK] for decisions in (expected, live, told)]
    by_stamp = {d.stamp_ns: d.cry_probability for d in ok[0]}
    for decisions in ok[1:]:
        probabilities = [(by_stamp[d.stamp_ns], d.cry_probability) for d in decisions]
        assert len({d.stamp_ns for d in decisions}) > len(by_stamp) - 10
        if delay_s < 2.0:          # idle time empties what was smoothed for a moment
            np.testing.assert_allclose(*zip(*probabilities), atol=1e-9)
    assert bool(delay_s > 2.0) == any(d.status == STATUS_NO_AUDIO for d in told)
    heard = [episodes((d.crying, d.episode_id, d.onset_ns, d.duration_ns) for d in decisions)
             for decisions in ok]
    assert [e[:2] for e in heard[0]] == [e[:2] for e in heard[1]] == [e[:2] for e in heard[2]]


def restart(blocks):
    """Lose the publisher for a second, and its samples with it."""
    return blocks[:250] + blocks[275:]


def swap(blocks):
    """Neighbours arrive in the wrong order now and then."""
    blocks = list(blocks)
    generator = random.Random(1)
    for index in range(1, len(blocks) - 1):
        if generator.random() < 0.05:
            blocks[index], blocks[index + 1] = blocks[index + 1], blocks[index]
    return blocks


FAULTS = {'an hour on': shift(3600.0), 'an hour back': shift(-3600.0), 'a second on': shift(1.0),
          'a second back': shift(-1.0), 'restart': restart, 'reordered': swap,
          'duplicated': repeat}


def messages_in_time(original, faulty):
    """Yield faulty blocks at the times at which they would arrive."""
    yield FormatMessage(START_NS, AudioFormat(RATE, 1))
    when = {data: stamp_ns + NS // 25 for stamp_ns, data in original}
    arrival_ns = START_NS
    for stamp_ns, data in faulty:
        arrival_ns = max(arrival_ns, when[data])
        yield AudioMessage(arrival_ns, stamp_ns, 'crib', data)


@pytest.mark.parametrize('name', FAULTS)
def test_no_phantom_cry_in_a_quiet_room_and_no_cry_lost(name):
    for pcm, has_cry in ((to_pcm16(quiet(14.0, seed=5)), False), (with_cry(7.0, 5.0), True)):
        blocks = blocks_of(pcm)
        replay = MessageReplay(FEATURES)
        decisions = list(replay.decisions(messages_in_time(blocks, FAULTS[name](blocks)),
                                          FrameListener(CHECKPOINT)))
        counts = replay.troubles.counts
        assert sum(counts[kind] for kind in ('gap', 'forward', 'backward', 'duplicate',
                                             'overlap')) >= 1
        # A jump is no loss: what is counted as lost can't be more than was sent.
        assert counts['samples_lost'] <= len(pcm)
        crying = [d for d in decisions if d.crying]
        assert bool(crying) == has_cry
        if has_cry and name in ('restart', 'reordered', 'duplicated', 'a second on'):
            assert len({d.episode_id for d in crying}) == 1     # it survives a short gap
        assert not decisions[-1].crying
        for decision in crying:
            assert decision.onset_ns <= decision.stamp_ns


@pytest.mark.parametrize('status, reason, said, why', [
    (STATUS_OK, '', STATUS_UNTRUSTED_AUDIO, 'north_crib is muted'),
    (STATUS_UNTRUSTED_AUDIO, 'do not move: muted?', STATUS_UNTRUSTED_AUDIO, 'north_crib is muted'),
    (STATUS_NO_AUDIO, '', STATUS_NO_AUDIO, '')])
def test_what_is_known_of_the_microphone_is_said_before_what_its_audio_lets_guess(
        status, reason, said, why):
    classifier = classification.Classifier(DecisionSettings(), Troubles())
    classifier.distrust = 'north_crib is muted'
    told = classifier.say(CryDecision(START_NS, 'crib', status, reason))
    assert (told.status, told.status_reason) == (said, why)


@pytest.mark.parametrize('gap_s, count', ((2.0, 1), (2.8, 1), (3.5, 2)))
def test_a_gap_shorter_than_the_hold_leaves_an_episode(gap_s, count):
    """Live, the graph says NO_AUDIO in the gap; where nobody waits for it, it does not."""
    cry = with_cry(0.5, 0.0, cry_s=13.0)
    blocks = [(stamp_ns, data) for stamp_ns, data in blocks_of(cry)
              if not 6.5 * NS <= stamp_ns - START_NS < (6.5 + gap_s) * NS]
    told = hear_blocks(blocks)
    assert any(d.status == STATUS_NO_AUDIO for d in told) == (gap_s >= 2.0)
    eager = [AudioMessage(0, stamp_ns, 'crib', data) for stamp_ns, data in blocks]
    at_once = list(MessageReplay(FEATURES).decisions(
        [WAVE, *eager], FrameListener(CHECKPOINT)))
    heard = [episodes((d.crying, d.episode_id, d.onset_ns, d.duration_ns) for d in decisions)
             for decisions in (told, at_once)]
    assert [e[:2] for e in heard[0]] == [e[:2] for e in heard[1]]
    assert len(heard[0]) == count
