# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From the text of a policy file to a `Policy`.

Everything that is wrong is told at once, each with ``file:line`` and what was expected instead.
"""

from dataclasses import replace
import difflib
import math
import re
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Set, Tuple, TypeVar

from baby_cry_detector.bounded_yaml import compose, YamlError
from baby_cry_detector.care.hard_limits import HARD_ACCELERATION, LONGEST_ROCKING_S
from baby_cry_detector.care.policy.policy import (CribPolicy, DEFAULT, LEVELS, NEEDS, Policy,
                                                  PolicyError, RockStep, Row, SOUNDS, SoundStep,
                                                  Step)
from baby_cry_detector.fields import Field, ParameterError, Settings
from baby_cry_detector.printable import printable
import yaml

Own = TypeVar('Own', bound=Settings)
MaybeNode = Optional[yaml.Node]
Parts = Dict[str, yaml.Node]
Rows = Mapping[str, Mapping[str, Row]]
VERSION = 1
NEVER = -1                     # a time of day that does not come


def read_policy(text: str, name: str = 'policy') -> Policy:
    """
    Return the policy that a file describes.

    :param text: of the file, YAML.
    :param name: of the file, for messages.
    :raises PolicyError: on everything that is wrong, a line for each.
    """
    try:
        root = compose(text)
    except YamlError as error:
        raise PolicyError(f'{name}:{error.line}: {error.sentence}') from None
    if not _is_meant_as_policy(root):
        # Whatever it is, it may be private: nothing of it is repeated.
        raise PolicyError(f'{name}:1: this is no policy: expected "version: {VERSION}" and '
                          f'"needs:" with "{DEFAULT}:" in it')
    reader = _Reader(name)
    policy = reader.policy(root)
    if reader.problems:
        lines = [f'{name}:{line}: {sentence}' for line, sentence in sorted(reader.problems)]
        raise PolicyError('\n'.join(lines))
    return policy


def _is_meant_as_policy(root: MaybeNode) -> bool:
    """Return whether a file is a policy, right or wrong, and not another program's."""
    needs = _part(root, 'needs')
    return needs is not None and _part(needs, DEFAULT) is not None


def _part(node: MaybeNode, name: str) -> MaybeNode:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == name:
                found: yaml.Node = value
                return found
    return None


def _suggestion(word: str, known: Iterable[object]) -> str:
    names = [str(one) for one in known]
    close = difflib.get_close_matches(word, names, 1, 0.6)
    if close:
        return f'did you mean {close[0]!r}?'
    return f'expected one of {", ".join(names)}'


def _refusal(field: Field, value: Any) -> str:
    """Return the sentence that says why a field does not accept a value."""
    if isinstance(field.default, bool):
        return f'expected true or false, got {value!r}'
    if field.choices:
        return f'{value!r}: {_suggestion(str(value), field.choices)}'
    unit = f' {field.unit}' if field.unit else ''
    allowed = f'{field.minimum:g} to {field.maximum:g}{unit}'
    if type(value) in (int, float) and abs(value) < 1e300:
        return f'{value:g}{unit} is not allowed; expected {allowed}'
    return f'expected a number from {allowed}, got {value!r}'


class _Reader:
    """Reads what it can and collects what is wrong; a value with an error keeps its default."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: Set[Tuple[int, str]] = set()

    def wrong(self, node: MaybeNode, sentence: str) -> None:
        self.problems.add((node.start_mark.line + 1 if node is not None else 1,
                           printable(sentence, 300)))

    # --- the parts of a file ---------------------------------------------------------------------
    def policy(self, root: MaybeNode) -> Policy:
        parts = self.mapping(root, 'the policy', (
            'version', 'alerts', 'soothing', 'levels', 'min_confidence', 'need_basis', 'self_test',
            'needs', 'cribs'))
        version = self.scalar(parts['version']) if 'version' in parts else None
        if type(version) is not int or version != VERSION:
            self.wrong(parts.get('version', root), f'expected "version: {VERSION}"')
        common = self.crib(parts, CribPolicy())
        rows = common.rows.get(DEFAULT, {})
        missing = [level for level in LEVELS if level not in rows]
        if missing:
            self.wrong(parts.get('needs', root),
                       f'needs: {DEFAULT} must say what to do at each level; '
                       f'missing: {", ".join(missing)}')
        self.check(common, parts, root)
        cribs = {}
        for crib_id, node in self.items(parts.get('cribs'), 'cribs'):
            own = self.mapping(node, f'cribs: {crib_id}', (
                'alerts', 'soothing', 'levels', 'min_confidence', 'need_basis', 'self_test',
                'needs'))
            cribs[crib_id] = self.crib(own, common)
            self.check(cribs[crib_id], own, node)
        return Policy(common, cribs)

    def crib(self, parts: Parts, base: CribPolicy) -> CribPolicy:
        """Return ``base`` with what the parts of a mapping say."""
        table = {field.name: field for field in CribPolicy.table()}
        own = self.mapping(parts.get('levels'), 'levels', ('moderate_from', 'strong_from'))
        levels = {name: self.value(node, f'levels: {name}', table[name])
                  for name, node in own.items()}
        for name in ('min_confidence', 'need_basis'):
            if name in parts:
                levels[name] = self.value(parts[name], name, table[name])
        self_test = self.mapping(parts.get('self_test'), 'self_test', ('at',))
        if 'at' in self_test:
            levels['self_test_at'] = self.time_of_day(self_test['at'], 'self_test: at')
            if levels['self_test_at'] == NEVER:
                base = replace(base, self_test_at=None)
                del levels['self_test_at']
        return replace(
            base, alerts=self.settings(parts.get('alerts'), 'alerts', base.alerts),
            soothing=self.settings(parts.get('soothing'), 'soothing', base.soothing),
            rows=self.rows(parts.get('needs'), base.rows),
            **{name: value for name, value in levels.items() if value is not None})

    def rows(self, node: MaybeNode, base: Rows) -> Dict[str, Dict[str, Row]]:
        rows = {need: dict(levels) for need, levels in base.items()}
        for need, levels in self.items(node, 'needs', (DEFAULT, *NEEDS), 'need'):
            for level, row in self.items(levels, f'needs: {need}', LEVELS, 'level'):
                rows.setdefault(need, {})[level] = self.row(row, f'needs: {need}: {level}')
        return rows

    def row(self, node: MaybeNode, where: str) -> Row:
        parts = self.mapping(node, where, ('alert_after_s', 'priority', 'soothe'))
        row = Row()
        for field in Row.table():
            if field.name in parts:
                value = self.value(parts[field.name], f'{where}: {field.name}', field)
                row = row if value is None else replace(row, **{field.name: value})
            elif node is not None:
                self.wrong(node, f'{where}: {field.name} is missing')
        if 'soothe' in parts:
            steps = parts['soothe']
            if not isinstance(steps, yaml.SequenceNode):
                self.wrong(steps, f'{where}: soothe: expected a list of steps ([]: none)')
            else:
                row = replace(row, steps=tuple(filter(None, (
                    self.step(step, f'{where}: soothe') for step in steps.value))))
                rocking_s = 0.0
                for step in row.steps:
                    rocking_s = rocking_s + step.for_s if step.rock else 0.0
                    if rocking_s > LONGEST_ROCKING_S:
                        self.wrong(steps, f'{where}: soothe: {rocking_s:g} s of rocking without a '
                                          f'pause; expected at most {LONGEST_ROCKING_S:g} s')
                        break
        return row

    def step(self, node: MaybeNode, where: str) -> Optional[Step]:
        parts = self.mapping(node, where, ('for_s', 'rock', 'sound'))
        if 'for_s' not in parts:
            self.wrong(node, f'{where}: a step must say for_s, how many seconds it takes')
            return None
        for_s = self.value(parts['for_s'], f'{where}: for_s', Step.table()[0])
        rock = self.rock(parts['rock'], f'{where}: rock') if 'rock' in parts else None
        sound = self.sound(parts['sound'], f'{where}: sound') if 'sound' in parts else None
        return Step(for_s or 0.0, rock, sound)

    def rock(self, node: MaybeNode, where: str) -> RockStep:
        rock = self.settings(node, where, RockStep())
        amplitude_m = rock.amplitude_mm * 1e-3
        acceleration = amplitude_m * (2.0 * math.pi * rock.frequency_hz) ** 2
        if acceleration > HARD_ACCELERATION:
            highest_hz = math.sqrt(HARD_ACCELERATION / amplitude_m) / (2.0 * math.pi)
            self.wrong(node, f'{where}: {rock.amplitude_mm:g} mm at {rock.frequency_hz:g} Hz is '
                             f'{acceleration:.2f} m/s²; expected at most {HARD_ACCELERATION:g}, '
                             f'so at most {math.floor(highest_hz * 100) / 100:.2f} Hz')
        return rock

    def sound(self, node: MaybeNode, where: str) -> SoundStep:
        parts = self.mapping(node, where, ('name', 'level_dba'))
        sound = SoundStep()
        if 'name' in parts:
            name = self.scalar(parts['name'])
            if not isinstance(name, str) or not name:
                self.wrong(parts['name'], f'{where}: name: expected a sound or the path of a '
                                          f'file, got {name!r}')
            elif name not in SOUNDS and '/' not in name and '.' not in name:
                self.wrong(parts['name'], f'{where}: unknown sound {name!r}: '
                                          f'{_suggestion(name, SOUNDS)}, or the path of a file')
            else:
                sound = replace(sound, name=name)
        if 'level_dba' in parts:
            level = self.value(parts['level_dba'], f'{where}: level_dba', SoundStep.table()[1])
            sound = sound if level is None else replace(sound, level_dba=level)
        return sound

    def check(self, policy: CribPolicy, parts: Parts, node: MaybeNode) -> None:
        """Find what does not fit together; the parts, or else the node, say where."""
        if policy.moderate_from > policy.strong_from:
            self.wrong(parts.get('levels', node),
                       f'levels: moderate_from ({policy.moderate_from:g}) is above '
                       f'strong_from ({policy.strong_from:g})')
        soothing = policy.soothing
        if soothing.linger_s > soothing.retry_after_quiet_s:
            self.wrong(parts.get('soothing', node),
                       f'soothing: linger_s ({soothing.linger_s:g} s) is above '
                       f'retry_after_quiet_s ({soothing.retry_after_quiet_s:g} s)')
        for need, levels in policy.rows.items():
            for level, row in levels.items():
                if row.alert_after_s > policy.alerts.limit_s:
                    self.wrong(parts.get('alerts', parts.get('needs', node)),
                               f'needs: {need}: {level}: alert_after_s ({row.alert_after_s:g} s) '
                               f'is above alerts: limit_s ({policy.alerts.limit_s:g} s)')

    # --- what YAML is made of --------------------------------------------------------------------
    def mapping(self, node: MaybeNode, where: str, known: Sequence[str]) -> Parts:
        """Return ``{key: node}`` of the known keys."""
        return dict(self.items(node, where, known, 'key'))

    def items(self, node: MaybeNode, where: str, known: Optional[Sequence[str]] = None,
              what: str = 'key') -> Iterator[Tuple[str, yaml.Node]]:
        """Yield (key, node) of a mapping; nothing where it is missing or no mapping."""
        if node is None or (isinstance(node, yaml.ScalarNode) and self.scalar(node) is None):
            return
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f'{where}: expected a mapping (key: value)')
            return
        seen: Set[str] = set()
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.wrong(key_node, f'{where}: expected a word as key')
            elif key in seen:
                self.wrong(key_node, f'{where}: {key!r} stands here twice')
            elif known is not None and key not in known:
                self.wrong(key_node, f'{where}: unknown {what} {key!r}: '
                                     f'{_suggestion(key, known)}')
            else:
                seen.add(key)
                yield key, value

    def settings(self, node: MaybeNode, where: str, base: Own) -> Own:
        """Return ``base`` with what the keys of a mapping say."""
        table = {field.name: field for field in base.table()}
        found = {key: self.value(value, f'{where}: {key}', table[key])
                 for key, value in self.mapping(node, where, tuple(table)).items()}
        return replace(base, **{key: value for key, value in found.items() if value is not None})

    def value(self, node: MaybeNode, where: str, field: Field) -> Any:
        """Return the checked value of a field; ``None`` where it is wrong."""
        value = self.scalar(node)
        try:
            return field.check(value)
        except ParameterError:
            self.wrong(node, f'{where}: {_refusal(field, value)}')
            return None

    def time_of_day(self, node: MaybeNode, where: str) -> Optional[int]:
        """Return the minute of the day; `NEVER` for never, ``None`` where it is wrong."""
        # As it is written: 12:30 without quotes is a number to YAML.
        text = node.value if isinstance(node, yaml.ScalarNode) else ''
        if text == 'never':
            return NEVER
        match = re.fullmatch(r'([01]?[0-9]|2[0-3]):([0-5][0-9])', text, re.ASCII)
        if match is None:
            self.wrong(node, f'{where}: expected a time of day like 03:00, or never')
            return None
        return 60 * int(match[1]) + int(match[2])

    def scalar(self, node: MaybeNode) -> Any:
        """Return the value of a scalar; what is none is told as its kind."""
        if not isinstance(node, yaml.ScalarNode):
            return 'a list or mapping'
        try:
            return yaml.SafeLoader('').construct_object(node)
        except (yaml.YAMLError, ValueError):
            return node.value
