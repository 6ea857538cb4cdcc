# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The text of a parameter as it was typed.

ROS reads ``0123`` as 83, ``1e3`` as 1000.0 and ``007`` as 7: for a name the digits are what was
meant, and the number does not tell them any more.
"""

from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Tuple

from baby_cry_detector.bounded_yaml import compose
from baby_cry_detector.ros.start.parameter_files import KEY, OPTION, reaches
import yaml

RULES = ('-p', '--param')


def texts(arguments: Sequence[str], full_name: str) -> Dict[str, str]:
    """
    Return ``{parameter: text}`` of what was given to a node without quotes; the last one counts.

    :param arguments: of the process, with the files.
    """
    found: Dict[str, str] = {}
    for option, word in zip(arguments, arguments[1:]):
        if option in RULES:
            left, given, text = word.partition(':=')
            node, _, name = left.rpartition(':')
            if given and node.rpartition('/')[2] in ('', full_name.rpartition('/')[2]):
                found[name] = text.strip()
        elif option == OPTION:
            try:
                found.update(_of_file(compose(Path(word).read_text(encoding='utf-8')), full_name))
            except (OSError, ValueError):
                continue                       # ROS says what is wrong with it
    return found


def _of_file(node: Optional[yaml.Node], full_name: str, above: str = ''
             ) -> Iterator[Tuple[str, str]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, below in node.value:
        if key.value == KEY and isinstance(below, yaml.MappingNode):
            if reaches(above, full_name):
                yield from ((name.value, value.value) for name, value in below.value
                            if isinstance(value, yaml.ScalarNode) and value.style is None)
        elif isinstance(key, yaml.ScalarNode):
            yield from _of_file(below, full_name, f'{above}/{key.value.strip("/")}')
