# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Deaf with a green light: what can't be heard is said, and what can be heard safely is heard."""

from baby_cry_detector.audio import AudioFormat, FileSource, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.needs import STATUS_OK, STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import MessageReplay
from baby_cry_detector.stream.verdict import ERROR, OK, WARN
from faulty_publishers import (BLOCK, BLOCK_NS, bursts, clock_off, hear, jitter, messages, NS,
                               PLAIN, RATE, room, rows, START_NS, with_cry)
import numpy as np
import pytest
from recordings import SHIPPED

CHECKPOINT = open_checkpoint()

HEARD_SAFELY = {
    'stamps stay 0': ({'stamp': lambda number, ns: 0}, 'standing_stamps', WARN),
    'stamps stay the same': ({'stamp': lambda number, ns: START_NS}, 'standing_stamps', WARN),
    'bursts of 160 ms': ({'stamp': bursts(4), 'arrival': bursts(4)}, 'jitter', WARN),
    'bursts of 320 ms': ({'stamp': bursts(8), 'arrival': bursts(8)}, 'jitter', WARN),
    'jitter of 0.3 s': ({'stamp': jitter(0.3)}, 'jitter', WARN),
    'stamps 0 in bursts': ({'stamp': lambda number, ns: 0, 'arrival': bursts(8)},
                           'standing_stamps', WARN),
    'a clock 3 % fast': ({'stamp': clock_off(1.03)}, 'drift', WARN),
    'a clock 2 % slow': ({'stamp': clock_off(0.98)}, 'drift', WARN),
    'a clock at a third': ({'stamp': clock_off(1 / 3)}, 'stamp_clock', WARN),
    'a clock that runs back': ({'stamp': clock_off(-1.0)}, 'stamp_clock', WARN),
    'seconds without nanoseconds': ({'stamp': lambda number, ns: ns // NS * NS}, None, WARN),
    'nanoseconds without seconds': ({'stamp': lambda number, ns: ns % NS}, 'jumps', WARN),
    'seconds as a 32-bit float': ({'stamp': lambda number, ns: int(np.float32(ns / NS)) * NS},
                                  'standing_stamps', WARN),
    'microseconds as nanoseconds': ({'stamp': lambda number, ns: ns // 1000}, 'stamp_clock',
                                    WARN),
    'two clocks in turn': ({'stamp': lambda number, ns: ns + number % 2 * 3600 * NS},
                           'stamp_clock', WARN),
    'each tenth stamp left at 0': ({'stamp': lambda number, ns: ns * bool(number % 10)}, 'jumps',
                                   WARN),
    'a clock that is set back each 2 s': ({'stamp': lambda number, ns: ns - number // 50 * NS},
                                          'jumps', WARN),
    'bursts of 1 s': ({'stamp': bursts(25), 'arrival': bursts(25)}, 'jitter', WARN),
    'a bag played ten times too fast': ({
        'arrival': lambda number, ns: START_NS + 3600 * NS + (ns - START_NS) // 10}, None, OK),
    'an hour ahead': ({'stamp': lambda number, ns: ns + 3600 * NS}, 'clock', WARN),
    'an hour behind': ({'stamp': lambda number, ns: ns - 3600 * NS}, None, OK),
    'neither stamps nor arrival': ({'stamp': lambda number, ns: 0,
                                    'arrival': lambda number, ns: 0}, 'standing_stamps', WARN),
}


@pytest.mark.parametrize('name', HEARD_SAFELY)
def test_what_can_be_heard_safely_is_heard_and_said(name):
    options, kind, level = HEARD_SAFELY[name]
    extraction, frames = hear(messages(room(20.0), **options))
    assert extraction.verdict.level == level and extraction.verdict.trusted
    if kind:
        assert extraction.verdict.kind == kind, extraction.verdict
        assert kind in extraction.remarks
    assert rows(frames) > 1500
    newest = [part for part in frames if len(part.values)][-20:]
    steps = {part.first_frame + len(part.values) - after.first_frame
             for part, after in zip(newest, newest[1:])}
    assert steps == {0}                        # the last second is whole
    assert all(not part.trouble for part in frames)


@pytest.mark.parametrize('block_s, jitter_s', [
    (0.25, 0.2), (0.25, 0.9), (0.5, 0.2), (0.5, 0.9), (1.0, 0.2), (1.0, 0.9), (2.0, 0.2),
    (5.0, 0.9)])
def test_long_blocks_whose_stamps_jitter_are_heard_and_said(block_s, jitter_s):
    stream = messages(room(60.0), stamp=jitter(jitter_s), arrival=jitter(jitter_s),
                      block=int(block_s * RATE))
    extraction, frames = hear(stream)
    assert extraction.verdict.level == WARN and extraction.verdict.trusted
    # Never another pace: the rate of the audio is right.
    assert set(extraction.remarks) <= {'jitter', 'jumps'}
    assert rows(frames) > 5000
    parts = [part for part in frames if len(part.values)]
    steps = [after.first_frame - part.first_frame - len(part.values)
             for part, after in zip(parts, parts[1:])]
    # What is said is mended: the second half is whole but for jitter beyond any clock's.
    assert sum(step != 0 for step in steps[len(steps) // 2:]) <= (0 if jitter_s < 0.5 else 8)


@pytest.mark.parametrize('name', ['stamps stay 0', 'bursts of 320 ms', 'jitter of 0.3 s'])
def test_a_cry_is_heard_all_the_same(name):
    replay = MessageReplay(FrameListener(CHECKPOINT).feature_set)
    decisions = list(replay.decisions(messages(with_cry(), **HEARD_SAFELY[name][0]),
                                      FrameListener(CHECKPOINT)))
    crying = [d for d in decisions if d.crying]
    assert len({d.episode_id for d in crying}) == 1
    assert crying[-1].duration_ns > 4 * NS
    assert {d.status for d in crying} == {STATUS_OK}


@pytest.mark.parametrize('real_rate, said, words', [
    (48_000, (16_000, 1), ('3 times faster', '48000 Hz')),
    (16_000, (48_000, 1), ('3 times slower', '16000 Hz', 'keep up')),
    (44_100, (16_000, 1), ('2.76 times faster', '44100 Hz')),
    (32_000, (16_000, 1), ('2 times faster', '32000 Hz', '2 channels'))])
@pytest.mark.parametrize('stamps', ['good', 'zero'])
def test_another_rate_than_said_is_an_error_with_the_right_one(real_rate, said, words, stamps):
    stamp = None if stamps == 'good' else lambda number, ns: 0
    extraction, frames = hear(messages(room(10.0 * real_rate / RATE), stamp, said=said,
                                       block=real_rate // 25, real_rate=real_rate))
    verdict = extraction.verdict
    assert verdict.level == ERROR and not verdict.trusted
    for word in words:
        assert word in verdict.sentence
    assert any(part.trouble for part in frames[-5:])


def sent(samples, coded):
    """Yield blocks of other bytes than audio_info says."""
    yield FormatMessage(START_NS, AudioFormat(RATE, 1))
    for number in range(len(samples) // BLOCK):
        begin_ns = START_NS + number * BLOCK_NS
        yield AudioMessage(begin_ns + BLOCK_NS, begin_ns, 'crib',
                           coded(samples[number * BLOCK:(number + 1) * BLOCK]))


OTHER_BYTES = {
    'float32': (lambda part: part.astype('<f4').tobytes(), 'pace', 'samples of 32 bits'),
    '32 bits': (lambda part: (part * 2**30).astype('<i4').tobytes(), 'pace', 'samples of 32 bits'),
    '24 bits': (lambda part: b''.join((int(value * 2**22)).to_bytes(3, 'little', signed=True)
                                      for value in part), 'pace', 'samples of 24 bits'),
    '8 bits': (lambda part: (part * 90 + 128).astype('u1').tobytes(), 'pace', 'samples of 8 bits'),
    'compressed': (lambda part: np.random.default_rng(int(abs(part[0]) * 1e9)).integers(
        0, 256, 120).astype('u1').tobytes(), 'pace', 'compressed'),
    'a file each': (lambda part: b'RIFF' + bytes(40) + to_pcm16(part).tobytes(), 'undecodable',
                    'a file of its own (RIFF)')}


@pytest.mark.parametrize('name', OTHER_BYTES)
def test_bytes_that_are_no_16_bit_samples_are_an_error_that_names_them(name):
    coded, kind, words = OTHER_BYTES[name]
    extraction, frames = hear(sent(room(8.0), coded))
    assert (extraction.verdict.kind, extraction.verdict.level) == (kind, ERROR)
    assert words in extraction.verdict.sentence and not extraction.verdict.trusted
    assert frames[-1].trouble == extraction.verdict.sentence


@pytest.mark.parametrize('every', [1, 5, 25, 100])
def test_two_formats_in_turn_are_an_error_and_one_change_is_none(every):
    def messages_of_two():
        for number, message in enumerate(messages(room(20.0))):
            if number and number % every == 0:
                yield FormatMessage(message.arrival_ns, AudioFormat(
                    48_000 if number // every % 2 else RATE, 1))
            yield message
    extraction, _ = hear(messages_of_two())
    assert (extraction.verdict.kind, extraction.verdict.trusted) == ('formats', False)
    assert '48000 Hz, 1 ch, S16LE' in extraction.verdict.sentence
    extraction.on_format(FormatMessage(START_NS + 20 * NS, AudioFormat(RATE, 1)))
    for message in list(messages(room(75.0), stamp=lambda number, ns: ns + 20 * NS,
                                 arrival=lambda number, ns: ns + 20 * NS))[1:]:
        extraction.on_audio(message)
    assert extraction.verdict.level == OK
    once = [*messages(room(5.0)), FormatMessage(START_NS + 5 * NS, AudioFormat(8000, 2))]
    assert 'formats' not in hear(once)[0].remarks


@pytest.mark.parametrize('stamps', ['good', 'bursts of 320 ms', 'jitter of 0.3 s'])
def test_a_pause_is_no_other_pace(stamps):
    options = {} if stamps == 'good' else HEARD_SAFELY[stamps][0]
    stream = [*messages(room(20.0), **options)]
    later = [AudioMessage(message.arrival_ns + 35 * NS, message.stamp_ns + 35 * NS, 'crib',
                          message.data) for message in stream[1:]]
    extraction, _ = hear([*stream, *later])
    assert 'pace' not in extraction.remarks and extraction.verdict.trusted


def test_two_publishers_at_once_are_an_error():
    one = list(messages(room(10.0)))
    other = list(messages(room(10.0, seed=9), stamp=lambda number, ns: ns + 7_000_000))[1:]
    mixed = [message for pair in zip(one[1:], other) for message in pair]
    extraction, _ = hear([one[0], *mixed])
    assert extraction.verdict.level == ERROR and not extraction.verdict.trusted
    assert 'two publishers' in extraction.verdict.sentence


@pytest.mark.parametrize('apart_ns', [0, 1000])
def test_publishers_that_the_graph_counts_are_named_while_one_hides_the_other(apart_ns):
    one = list(messages(room(10.0)))
    other = list(messages(room(10.0, seed=9), stamp=lambda number, ns: ns + apart_ns))[1:]
    extraction, _ = hear([one[0], *(message for pair in zip(one[1:], other) for message in pair)])
    assert extraction.verdict.trusted          # as if it were lost on the way: nobody told
    extraction.reception.on_publishers(['/crib/camera', '/crib/microphone'])
    assert extraction.verdict.level == ERROR and not extraction.verdict.trusted
    assert '2 publishers of audio: /crib/camera, /crib/microphone' in extraction.verdict.sentence
    extraction.reception.on_publishers([])
    assert extraction.verdict.trusted


def test_a_publisher_that_repeats_what_another_sends_is_no_trouble():
    stream = list(messages(room(20.0)))
    twice = [message for one in stream[1:] for message in (one, one)]
    extraction, frames = hear([stream[0], *twice])
    extraction.reception.on_publishers(['/relay', '/robot'])
    assert extraction.verdict.trusted and rows(frames) > 1900


def test_lost_and_repeated_blocks_are_no_jitter():
    stream = list(messages(room(20.0)))
    lossy = [message for number, message in enumerate(stream) if number % 10 or number < 5]
    assert hear(lossy)[0].reception.stamps.mode == 'stamps'
    twice = [message for number, message in enumerate(stream)
             for _ in range(1 if number % 5 else 2)]
    extraction, frames = hear(twice)
    assert extraction.reception.stamps.mode == 'stamps' and rows(frames) > 1900


@pytest.mark.parametrize('times, later', [(2, 0), (3, 0), (2, 5), (8, 0)])
def test_blocks_that_a_relay_repeats_are_heard_once_and_said(times, later):
    stream = list(messages(room(20.0)))
    sent = stream[:1]
    for number, message in enumerate(stream[1:], 1):
        sent.append(message)
        sent += [stream[max(1, number - later)]] * (times - 1)
    extraction, frames = hear(sent)
    assert extraction.verdict.kind == 'copies' and extraction.verdict.level == WARN
    assert extraction.verdict.trusted and 'relay' in extraction.verdict.sentence
    whole = rows(hear(stream)[1])
    assert rows(frames) == whole
    # It ends with its cause.
    on = list(messages(room(12.0), stamp=lambda number, ns: ns + 20 * NS,
                       arrival=lambda number, ns: ns + 20 * NS))[1:]
    for message in on:
        extraction.on_audio(message)
    assert extraction.verdict.level == OK


@pytest.mark.parametrize('kind', ['empty', 'undecodable', 'no_format', 'format'])
def test_messages_of_which_nothing_can_be_used(kind):
    stream = list(messages(room(6.0)))
    data = {'empty': b'', 'undecodable': bytes(641)}.get(kind)
    if data is not None:
        stream = [stream[0]] + [AudioMessage(m.arrival_ns, m.stamp_ns, 'crib', data)
                                for m in stream[1:]]
    elif kind == 'no_format':
        del stream[0]
    else:
        stream[0] = FormatMessage(START_NS, None, 'the audio source publishes mp3')
    extraction, frames = hear(stream)
    assert (extraction.verdict.kind, extraction.verdict.level) == (kind, ERROR)
    assert frames and not rows(frames) and frames[-1].trouble == extraction.verdict.sentence
    assert extraction.level_dbfs == -120.0 or kind == 'format'


# Those that are shipped: of fainter ones less than two fifths is crying when all arrives.
@pytest.mark.parametrize('path', sorted((SHIPPED / 'cry').rglob('*.flac'))[:3],
                         ids=lambda path: path.stem)
def test_a_cry_of_which_half_the_packets_are_lost_is_heard(path):
    cry = np.concatenate([block.pcm for block in FileSource(path)]) / 32767.0
    samples = np.concatenate((room(2.0), np.resize(cry, 8 * RATE), room(2.0)))
    is_lost = np.random.default_rng(0).random(len(samples) // 320 + 1) < 0.5
    stream = [message for number, message in enumerate(messages(samples, block=320))
              if not number or not is_lost[number]]
    replay = MessageReplay(FrameListener(CHECKPOINT).feature_set)
    decisions = list(replay.decisions(stream, FrameListener(CHECKPOINT)))
    assert sum(decision.crying for decision in decisions) > 0.4 * len(decisions)


def test_the_state_says_untrusted_audio_and_why_and_recovers():
    listener = FrameListener(CHECKPOINT)
    replay = MessageReplay(listener.feature_set)
    samples = np.concatenate((room(4.0), np.zeros(20 * RATE), room(6.0, seed=1)))
    decisions = list(replay.decisions(messages(samples), listener))
    untrusted = [d for d in decisions if d.status == STATUS_UNTRUSTED_AUDIO]
    first_s, last_s = ((d.stamp_ns - START_NS) / NS for d in (untrusted[0], untrusted[-1]))
    assert 13.0 < first_s < 16.0 and 23.5 < last_s < 26.5
    assert untrusted[0].changed and 'do not move' in untrusted[0].status_reason
    assert decisions[-1].status == STATUS_OK and not decisions[-1].status_reason


def stalls(every_s, stall_s):
    """Return when blocks arrive on a busy machine: held up now and then, all at once after it."""
    def time_of(number, end_ns):
        since_ns = (end_ns - START_NS) % int(every_s * NS)
        return end_ns + max(0, int(stall_s * NS) - since_ns)
    return time_of


@pytest.mark.parametrize('every_s, stall_s', [(3.0, 0.4), (3.0, 0.8), (5.0, 1.5)])
@pytest.mark.parametrize('stamp', [
    clock_off(1000.0), clock_off(0.5), clock_off(-1.0), clock_off(0.001), lambda number, ns: 0],
    ids=['microseconds', 'half', 'back', 'seconds', 'zero'])
def test_a_clock_that_is_none_is_said_and_heard_on_a_busy_machine(stamp, every_s, stall_s):
    """Stalls of half a second called it audio of another rate, untrusted, every few seconds."""
    extraction, frames, verdicts = Extraction(PLAIN), [], []
    for message in messages(room(40.0), stamp, arrival=stalls(every_s, stall_s)):
        if isinstance(message, FormatMessage):
            frames += extraction.on_format(message)
        else:
            frames += extraction.on_audio(message)
            verdicts.append(extraction.verdict)
    # The first seconds may be those of a stall.
    settled = verdicts[5 * RATE // BLOCK:]
    assert {verdict.kind for verdict in settled} in ({'stamp_clock'}, {'standing_stamps'})
    assert all(verdict.level == WARN and verdict.trusted for verdict in settled)
    assert rows(frames) > 3600


@pytest.mark.parametrize('real_rate', [8000, 12_000, 22_050, 44_100])
@pytest.mark.parametrize('every_s, stall_s', [(3.0, 0.4), (5.0, 1.5)])
@pytest.mark.parametrize('stamp', [None, clock_off(1000.0), lambda number, ns: 0],
                         ids=['good', 'microseconds', 'zero'])
def test_another_rate_is_still_an_error_on_a_busy_machine(real_rate, every_s, stall_s, stamp):
    extraction, frames = hear(messages(
        room(20.0 * real_rate / RATE), stamp, arrival=stalls(every_s, stall_s),
        block=real_rate // 25, real_rate=real_rate))
    assert extraction.verdict.kind == 'pace' and not extraction.verdict.trusted
    assert any(part.trouble for part in frames[-5:])


def test_gaps_now_and_then_are_no_clock_that_drifts():
    """An input that breaks off for up to half a second, minutes or seconds apart."""
    generator, extraction, missing = np.random.default_rng(1), Extraction(PLAIN), 0
    for number, message in enumerate(messages(room(60.0))):
        if number and not missing and number % 90 == 0:
            missing = int(generator.integers(3, 13))
        if isinstance(message, FormatMessage):
            extraction.on_format(message)
        elif missing:
            missing -= 1
        else:
            extraction.on_audio(message)
    assert 'drift' not in extraction.remarks


# --- bytes in the other order than `audio_info` says --------------------------------------------
@pytest.mark.parametrize('said', ['S16LE', 'S16BE'])
@pytest.mark.parametrize('level_db', [-75.0, -55.0, -35.0])
def test_bytes_in_the_other_order_are_noticed(said, level_db):
    pcm = to_pcm16(room(8.0, level_db))
    for really in ('<i2', '>i2'):
        extraction = Extraction(PLAIN)
        extraction.on_format(FormatMessage(START_NS, AudioFormat(RATE, 1, said)))
        for number in range(len(pcm) // BLOCK):
            at_ns = START_NS + number * BLOCK_NS
            extraction.on_audio(AudioMessage(
                at_ns + BLOCK_NS, at_ns, 'crib',
                pcm[number * BLOCK:(number + 1) * BLOCK].astype(really).tobytes()))
        is_right = (really == '<i2') == (said == 'S16LE')
        assert extraction.verdict.trusted == is_right
        assert extraction.verdict.kind == ('' if is_right else 'byte_order')
        if not is_right:
            assert f'audio_info says {said}' in extraction.verdict.sentence


@pytest.mark.parametrize('kind', ['silence', '8 bits', '12 bits', 'full scale', 'one step'])
def test_coarse_samples_are_not_taken_for_turned_ones(kind):
    noise = np.random.default_rng(2).standard_normal(5 * RATE)
    pcm = {'silence': np.zeros(5 * RATE), '8 bits': np.rint(noise * 20) * 256,
           '12 bits': np.rint(noise * 200) * 16, 'full scale': noise * 20_000,
           'one step': np.sign(np.rint(noise))}[kind].clip(-32768, 32767) / 32767.0
    extraction, _ = hear(messages(pcm))
    assert extraction.verdict.kind != 'byte_order'
