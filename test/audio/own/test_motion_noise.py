# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The noise of the robot's own motion becomes softer once it is learned; nothing is ever gated."""

from baby_cry_detector.audio.motion_noise import MotionNoise
from baby_cry_detector.audio.motion_noise.phase import MotionPhase
from baby_cry_detector.audio.motion_noise.suppressor import FLOOR
from baby_cry_detector.audio.synthesis.rocking_motor import Motion, RATE, rocking_noise
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.units import SECOND_NS
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

pytestmark = pytest.mark.slow

START_NS = 1_700_000_000 * SECOND_NS
LEARN_S = 45.0
MACHINE = 0.05 * rocking_noise(60.0, Motion(), np.random.default_rng(5))


def run(heard, motion=Motion(), states=True, probability=0.0, noise=None, begin_s=0.0):
    """Return (what comes out, the suppressor, each block's count that went in and came out)."""
    noise = noise or MotionNoise()
    out, tell = [], 0
    for first in range(0, len(heard), 640):
        time_s = begin_s + first / RATE
        while states and tell / 50 <= first / RATE:
            place = motion.position(np.array([begin_s + tell / 50]))[0]
            noise.phase.add(START_NS + round((begin_s + tell / 50) * SECOND_NS), place)
            tell += 1
        if probability is not None:
            noise.on_probability(probability)
        out.append(noise.process(START_NS + round(time_s * SECOND_NS), heard[first:first + 640]))
    out.append(noise.flush())
    return np.concatenate(out), noise


def power_db(samples):
    return 10 * np.log10(np.mean(np.square(samples)))


# --- what it reaches -----------------------------------------------------------------------------
def test_what_was_learned_becomes_softer_and_a_cry_over_it_stays():
    cry = np.zeros(len(MACHINE))
    cry[50 * RATE:54 * RATE] = synthesise_cry(4.0, seed=3)[:4 * RATE]
    cry *= 0.05 / np.std(cry[50 * RATE:54 * RATE])
    rest, noise = run(MACHINE + cry)
    assert noise.figures()['own_motion'] == 'softened'
    alone = slice(46 * RATE, 49 * RATE)
    assert power_db(MACHINE[alone]) - power_db(rest[alone]) > 10.0
    over = slice(50 * RATE, 54 * RATE)
    kept = np.dot(rest[over], cry[over]) / np.dot(cry[over], cry[over])
    assert abs(20 * np.log10(kept)) < 2.0
    # What is left besides the cry is softer than the motion was.
    assert power_db(MACHINE[over]) - power_db(rest[over] - kept * cry[over]) > 3.0


def test_cries_that_nobody_notices_are_not_learned_away():
    """The rocking hides them at first, so that the probability stays low: they get no softer."""
    cry = np.resize(np.concatenate((synthesise_cry(3.0, seed=3), np.zeros(2 * RATE))), 60 * RATE)
    cry *= 0.05 / np.std(cry)
    machine = 0.05 * rocking_noise(110.0, Motion(), np.random.default_rng(5))
    _, noise = run(machine[:50 * RATE])
    rest, _ = run(machine[50 * RATE:] + cry, noise=noise, begin_s=50.0)
    kept_db = []
    for begin_s in (5, 50):
        part = slice(begin_s * RATE, (begin_s + 10) * RATE)
        kept_db.append(20 * np.log10(
            np.dot(rest[part], cry[part]) / np.dot(cry[part], cry[part])))
    assert kept_db[0] > -3.0 and kept_db[1] > kept_db[0] - 0.3, kept_db


def test_a_motion_that_sounds_otherwise_is_learned_anew():
    _, noise = run(MACHINE)
    other = 0.4 * rocking_noise(60.0, Motion(), np.random.default_rng(6))
    rest, noise = run(other, noise=noise, begin_s=len(MACHINE) / RATE)
    late = slice(54 * RATE, 59 * RATE)
    assert power_db(other[late]) - power_db(rest[late]) > 10.0


def test_nothing_becomes_softer_than_the_floor():
    """A sound that is not what was learned, and one that is: no frequency is ever shut."""
    _, noise = run(MACHINE)
    other = 1e-3 * np.random.default_rng(0).standard_normal(10 * RATE)
    rest, _ = run(other, noise=noise, begin_s=len(MACHINE) / RATE)
    assert power_db(rest[RATE:]) - power_db(other[RATE:]) > 20 * np.log10(FLOOR) - 0.5


# --- when it does nothing ------------------------------------------------------------------------
@pytest.mark.parametrize('options', (
    {'states': False}, {'probability': None}, {'probability': 0.9},
    {'motion': Motion(amplitude_m=0.0)}), ids=str)
def test_without_a_motion_or_before_it_is_learned_the_very_bits_come_out(options):
    rest, noise = run(MACHINE[:40 * RATE], **options)
    assert np.array_equal(rest, MACHINE[:40 * RATE])
    assert noise.figures().get('own_motion', '') != 'softened' and not noise.owed


def test_nobody_who_speaks_of_a_motion_means_the_very_samples():
    samples = np.random.default_rng(0).standard_normal(5000)
    noise = MotionNoise()
    assert noise.process(START_NS, samples) is samples and not noise.figures()


def test_while_somebody_may_cry_nothing_is_learned():
    """The last seconds before a cry was noticed are not learned either."""
    noise = MotionNoise()
    for number in range(6):
        run(MACHINE[:5 * RATE // 2], noise=noise, begin_s=2.5 * number)
        noise.on_probability(0.9)
    assert noise.figures()['own_motion'] == 'learning, 0 %'


def test_after_the_motion_the_very_bits_come_out_without_a_click():
    _, noise = run(MACHINE)
    heard = np.random.default_rng(1).standard_normal(20 * RATE) * 0.01
    heard[:6 * RATE] += MACHINE[:6 * RATE]
    # It stands still after six seconds: the joint's positions do not move any more.
    begin_s, out, still = len(MACHINE) / RATE, [], Motion().position(np.array([66.0]))[0]
    for first in range(0, len(heard), 640):
        time_s = first / RATE
        place = Motion().position(np.array([begin_s + time_s]))[0] if time_s < 6.0 else still
        noise.phase.add(START_NS + round((begin_s + time_s) * SECOND_NS), place)
        noise.on_probability(0.0)
        out.append(noise.process(
            START_NS + round((begin_s + time_s) * SECOND_NS), heard[first:first + 640]))
    rest = np.concatenate((*out, noise.flush()))
    assert len(rest) == len(heard)
    assert not np.array_equal(rest[:4 * RATE], heard[:4 * RATE])
    assert np.array_equal(rest[12 * RATE:], heard[12 * RATE:])
    assert noise.figures()['own_motion'] == 'still'
    assert np.abs(np.diff(rest)).max() <= 1.2 * np.abs(np.diff(heard)).max()


def test_another_motion_is_learned_by_itself():
    _, noise = run(MACHINE)
    _, noise = run(MACHINE[:20 * RATE], motion=Motion(0.7, 0.03), noise=noise,
                   begin_s=len(MACHINE) / RATE)
    assert noise.figures()['own_motion'].startswith('learning')


# --- where it is in its cycle --------------------------------------------------------------------
@pytest.mark.parametrize('frequency_hz', (0.3, 0.5, 0.7))
def test_the_phase_of_a_joint_with_noise_is_found(frequency_hz):
    phase, rng, motion = MotionPhase(), np.random.default_rng(0), Motion(frequency_hz)
    for number in range(1000):
        place = motion.position(np.array([number / 50]))[0] + rng.normal(0.0, 2e-4)
        phase.add(START_NS + number * SECOND_NS // 50, place)
        found = phase.at(START_NS + number * SECOND_NS // 50)
        if number > 4.5 * 50 / frequency_hz:
            apart = (found - frequency_hz * number / 50 + 0.5) % 1.0 - 0.5
            assert abs(apart) < 0.03
    assert phase.period_s == pytest.approx(1 / frequency_hz, rel=0.03)
    assert phase.at(START_NS + 25 * SECOND_NS) is None             # nobody says so any more


def test_what_moves_but_does_not_rock_has_no_phase():
    phase, rng = MotionPhase(), np.random.default_rng(0)
    for number, place in enumerate(np.cumsum(rng.standard_normal(3000)) * 0.01):
        phase.add(START_NS + number * SECOND_NS // 50, place)
    assert phase.at(START_NS + 60 * SECOND_NS) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-3 * SECOND_NS, 3 * SECOND_NS), st.floats(),
                          st.integers(0, 1500), st.floats(-1.0, 2.0)), max_size=25))
def test_whatever_comes_as_many_samples_come_out_as_went_in(steps):
    noise, time_ns, went_in, out = MotionNoise(), START_NS, 0, 0
    for error_ns, place, count, probability in steps:
        noise.phase.add(time_ns + error_ns, place)
        noise.on_probability(probability)
        out += len(noise.process(time_ns, np.zeros(count)))
        went_in += count
        time_ns += count * SECOND_NS // RATE
        noise.figures()
    assert out + len(noise.flush()) == went_in
