# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry policy`: is a policy right, and what would have happened."""

from dataclasses import replace
import sys

from baby_cry_detector.audio import AudioSourceError
from baby_cry_detector.audio.bags import BagAudio, is_bag
from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.care.policy.policy import CribPolicy, DEFAULT, LEVELS
from baby_cry_detector.cli.recordings import (add_audio_options, blocks_of, of_bag, say_findings,
                                              second_listener, told_format, Trust)
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.decision import DecisionSettings
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import block_messages, MessageReplay
from baby_cry_detector.units import SECOND_NS

PERIOD_NS = 200_000_000          # of `cry_need`
# A graph is on before the recording begins; without it, a cry that begins it had no beginning.
LISTENING_NS = SECOND_NS


def add_parser(subparsers):
    """Declare the subcommand and its two parts."""
    parser = subparsers.add_parser(
        'policy', help='check a policy, or rehearse it on recordings', description=__doc__)
    parts = parser.add_subparsers(dest='part', required=True, metavar='PART')
    check = parts.add_parser('check', help='say what a policy does, or what is wrong with it')
    check.add_argument('files', nargs='+', metavar='FILE', help='policy (YAML)')
    check.set_defaults(run=run_check)
    rehearse = parts.add_parser('rehearse', help='print what would have happened; moves and '
                                                 'plays nothing')
    rehearse.add_argument('files', nargs='+', metavar='RECORDING|BAG',
                          help='WAV, FLAC or OGG recording, or a ROS 2 bag (sqlite3, mcap)')
    rehearse.add_argument('--policy', default='', help='policy (YAML); default: the shipped one')
    rehearse.add_argument('--crib', default='crib', help='whose policy; default: crib')
    rehearse.add_argument('--checkpoint', default='', help='default: the shipped one')
    add_audio_options(rehearse)
    rehearse.set_defaults(run=run_rehearse)


def run_check(args) -> int:
    """Print each policy in words; 1 if one is wrong."""
    failed = 0
    for path in args.files:
        try:
            policy = open_policy(path)
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)
            failed = 1
            continue
        print(f'{path}: right')
        for line in in_words(policy.common):
            print(f'  {line}')
        for crib_id, own in policy.cribs.items():
            print(f'  crib {crib_id}:')
            for line in in_words(own):
                print(f'    {line}')
    return failed


def in_words(policy: CribPolicy):
    """Yield the lines that say what a policy does."""
    yield (f'alert at the latest after {policy.alerts.limit_s:g} s; repeat every '
           f'{policy.alerts.repeat_s:g} s, louder every {policy.alerts.escalate_after_s:g} s')
    soothing = policy.soothing
    yield (f'soothing stops without improvement after {soothing.no_improvement_s:g} s, or when '
           f'it gets worse for {soothing.worse_for_s:g} s' if soothing.enabled else 'no soothing')
    for need in (DEFAULT, *(need for need in policy.rows if need != DEFAULT)):
        for level in LEVELS:
            row = policy.rows[need].get(level)
            if row is None:
                continue
            alert = f'after {row.alert_after_s:g} s' if row.alert_after_s else 'at once'
            steps = ', then '.join(_step_in_words(step) for step in row.steps)
            yield f'{need}, {level}: alert {row.priority} {alert}; {steps or "no soothing"}'


def _step_in_words(step) -> str:
    what = []
    if step.sound:
        what.append(f'{step.sound.name} at {step.sound.level_dba:g} dB(A)')
    if step.rock:
        what.append(f'rocking {step.rock.frequency_hz:g} Hz, {step.rock.amplitude_mm:g} mm')
    return f'{step.for_s:g} s {" and ".join(what) or "waiting"}'


def run_rehearse(args) -> int:
    """Print what would have happened on each recording; 1 if one can't be read or trusted."""
    audio_format = told_format(args, args.files)
    policy, checkpoint = open_policy(args.policy), open_checkpoint(args.checkpoint)
    failed = 0
    for path in args.files:
        listener = FrameListener(checkpoint, DecisionSettings(), args.crib)
        try:
            print(f'{path}:')
            rate = listener.feature_set.sample_rate
            replay = MessageReplay(listener.feature_set, channel=of_bag(path, args.channel))
            messages = (BagAudio(path, args.topic, audio_format) if is_bag(path) else
                        block_messages(blocks_of(path, rate, args.channel), rate))
            decisions = replay.decisions(messages, listener, second_listener())
            nothing, trust = True, Trust()
            for time_s, line in rehearse(trust.watch(decisions, replay.extraction),
                                         PolicyEngine(policy, args.crib)):
                nothing = False
                print(f'{int(time_s // 60):6d}:{time_s % 60:04.1f}  {line}')
            if nothing:
                print('        nothing would have happened')
            say_findings(path, replay, trust)
            if is_bag(path) and str(replay.troubles):
                print(f'{path}: the audio was not whole: {replay.troubles}',
                      file=sys.stderr)
            failed |= trust.failed(path)
        except AudioSourceError as error:
            print(f'error: {error}', file=sys.stderr)
            failed = 1
    return failed


def rehearse(decisions, engine: PolicyEngine):
    """
    Yield (time in s since the start, what happens) for the decisions on a stream.

    The engine hears what `cry_need` would say: every change, and at least every 0.2 s.
    """
    before, first_ns, due_ns, crying = None, None, None, False
    for decision in decisions:
        if first_ns is None:
            first_ns = due_ns = decision.stamp_ns
            before = engine.observe(
                CryState(first_ns - LISTENING_NS, crib_id=engine.crib_id))
        if not (decision.changed or decision.stamp_ns >= due_ns):
            continue
        due_ns = decision.stamp_ns + PERIOD_NS
        state = replace(decision, crib_id=engine.crib_id).cleaned()
        plan = engine.observe(state)
        time_s = (decision.stamp_ns - first_ns) / SECOND_NS
        if state.crying != crying:
            crying = state.crying
            yield time_s, (f'it cries (need {state.need_name})' if crying else
                           f'it is quiet, after {state.duration_ns / SECOND_NS:.1f} s')
        for line in differences(before, plan):
            yield time_s, line
        before = plan


def differences(before, plan):
    """Yield what changes from one plan to the next, in words."""
    for effect in plan.ended:
        yield (f'{effect.action} ends: {effect.why} (crying '
               f'{_share(effect.cry_share_before)} of the time before, '
               f'{_share(effect.cry_share_after)} during its last minute)')
    rock, sound, alert = plan.rock, plan.sound, plan.alert
    if rock and (not before.rock or _values(rock) != _values(before.rock)):
        yield f'rock: {rock.frequency_hz:g} Hz, {rock.amplitude_mm:g} mm ({rock.reason})'
    if sound and (not before.sound or _values(sound) != _values(before.sound)):
        yield f'sound: {sound.sound} at {sound.level_dba:g} dB(A) ({sound.reason})'
    if alert and (not before.alert or (alert.since_ns, alert.priority, alert.reason) != (
            before.alert.since_ns, before.alert.priority, before.alert.reason)):
        yield f'ALERT, {alert.priority}: {alert.reason}'
    if before.alert and not alert:
        yield 'the alert ends'


def _values(order):
    return [value for name, value in vars(order).items() if name != 'reason']


def _share(value: float) -> str:
    return 'not measured' if value != value else f'{100 * value:.0f} %'
