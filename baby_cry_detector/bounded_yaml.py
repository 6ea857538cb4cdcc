# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
YAML of which anything may come: bounded before it is built, and never quoted in an error.

A file that is named by mistake, or by somebody who wants to read it, may be anything: a private
key, a page of aliases that means a billion values, a thousand brackets. Pure.
"""

import re
from typing import Dict, Optional, Set

import yaml

LARGEST_CHARACTERS = 262_144
DEEPEST = 20
# Of values, each alias counted with all that it stands for.
MOST_VALUES = 5_000


class YamlError(ValueError):
    """
    Text that is not taken.

    :ivar line: where, from 1.
    :ivar sentence: what is wrong; holds nothing of the text.
    """

    def __init__(self, line: int, sentence: str):
        """Say it."""
        super().__init__(f'line {line}: {sentence}')
        self.line, self.sentence = line, sentence


def compose(text: str) -> Optional[yaml.Node]:
    """
    Return the root node of a document, ``None`` if it is empty.

    :raises YamlError: if it is no YAML, or larger or deeper than any file of this program.
    """
    if len(text) > LARGEST_CHARACTERS:
        raise YamlError(1, f'longer than {LARGEST_CHARACTERS} characters')
    try:
        _measure(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        problem = getattr(error, 'problem', None) or getattr(error, 'reason', None) or ''
        # The library quotes what it found.
        problem = re.sub(r"""\s*(['"]).*\1""", '', problem, flags=re.DOTALL).partition('\n')[0]
        raise YamlError(mark.line + 1 if mark else 1, 'this is not YAML'
                        + (f': {problem}' if problem else '')) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, YamlError):
            raise
        raise YamlError(1, 'this is not YAML') from None
    if root is not None and _values(root, {}, set()) > MOST_VALUES:
        raise YamlError(1, f'more than {MOST_VALUES} values, its aliases followed')
    return root


def _measure(text: str) -> None:
    """Refuse what is too deep or too much, event by event: nothing is built yet."""
    depth = values = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        values += isinstance(event, yaml.NodeEvent)
        if depth > DEEPEST:
            raise YamlError(line, f'nested deeper than {DEEPEST} times')
        if values > MOST_VALUES:
            raise YamlError(line, f'more than {MOST_VALUES} values')


def _values(node: yaml.Node, known: Dict[int, int], inside: Set[int]) -> int:
    """Return how many values a node stands for; one that holds itself is too many."""
    if id(node) in inside:
        return MOST_VALUES + 1
    if id(node) not in known:
        inside.add(id(node))
        parts = [] if isinstance(node, yaml.ScalarNode) else (
            [part for pair in node.value for part in pair]
            if isinstance(node, yaml.MappingNode) else node.value)
        known[id(node)] = min(MOST_VALUES + 1, 1 + sum(
            _values(part, known, inside) for part in parts))
        inside.discard(id(node))
    return known[id(node)]
