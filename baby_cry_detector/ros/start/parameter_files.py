# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Files of parameters: whom their entries reach, and for whom they were probably meant."""

from pathlib import Path
import re
from typing import Any, Iterator, List, Sequence, Tuple

from baby_cry_detector.bounded_yaml import compose
import yaml

OPTION = '--params-file'
KEY = 'ros__parameters'


def entries(document: Any, above: str = '') -> Iterator[str]:
    """Yield the full name, with wildcards, of each node that a file of parameters speaks of."""
    if not isinstance(document, dict):
        return
    if KEY in document:
        yield above
        return
    for key, below in document.items():
        yield from entries(below, f'{above}/{str(key).strip("/")}')


def reaches(entry: str, full_name: str) -> bool:
    """Return whether ROS gives a node what stands below an entry."""
    pattern = entry.replace('/**', r'(/\w+)@').replace('/*', r'(/\w+)').replace('@', '*')
    return re.fullmatch(pattern, full_name) is not None


def missed(arguments: Sequence[str], full_name: str) -> List[str]:
    """
    Return a sentence on each file that names a node without the namespace that it is in.

    :param arguments: of the process, with the files.
    """
    name = full_name.rpartition('/')[2]
    return [f'{file} sets {name}, which is /{name} and not {full_name}: write /**/{name}'
            for file, entry in _unread(arguments, full_name) if entry == f'/{name}']


def meant_for_others(arguments: Sequence[str], full_name: str) -> List[str]:
    """Return the same of files that name it in other namespaces alone, where another may be."""
    return [f'{file} sets {entry} and nothing of {full_name}'
            for file, entry in _unread(arguments, full_name) if entry.count('/') > 1]


def _unread(arguments: Sequence[str], full_name: str) -> Iterator[Tuple[str, str]]:
    name = full_name.rpartition('/')[2]
    for option, file in zip(arguments, arguments[1:]):
        if option != OPTION:
            continue
        try:
            text = Path(file).read_text(encoding='utf-8')
            compose(text)                          # no deeper, and no larger, than it may be
            named = list(entries(yaml.safe_load(text)))
        except (OSError, ValueError, yaml.YAMLError):
            continue                               # ROS says what is wrong with it
        if not any(reaches(entry, full_name) for entry in named):
            yield from ((file, entry) for entry in named if entry.rpartition('/')[2] == name)
