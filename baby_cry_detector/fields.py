# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a parameter is: one declaration, used to declare, validate and document it.

Pure: knows no ROS. `ros/base/managed_node.py` turns a table into rclpy declarations,
`cli/` into options, and the documentation tables are generated from the same objects.
"""

from dataclasses import dataclass
import math
from typing import Any, Mapping, Optional, Sequence, Union

Value = Union[bool, int, float, str]


class ParameterError(ValueError):
    """A value that a parameter does not accept; the message names what it does."""


@dataclass(frozen=True)
class Parameter:
    """
    One parameter.

    :param name: as typed by the user, with its unit (``hold_s``).
    :param default: also fixes the type: bool, int, float or str.
    :param description: one sentence for a user.
    :param minimum: smallest accepted value, numbers only.
    :param maximum: largest accepted value, numbers only.
    :param choices: accepted values, strings only.
    :param live: whether a running node accepts a change.
    :param read_only: whether it is given at start and never again: addresses, hosts, files,
        secrets, and what decides who is told or recorded. Anybody in the graph may set the rest.
    """

    name: str
    default: Value
    description: str
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    choices: Optional[Sequence[str]] = None
    live: bool = False
    read_only: bool = False

    @property
    def type_name(self) -> str:
        """Return ``bool``, ``int``, ``double`` or ``string`` (ROS names)."""
        return {bool: 'bool', int: 'int', float: 'double', str: 'string'}[type(self.default)]

    def check(self, value: Any) -> Value:
        """
        Return ``value`` in the parameter's type.

        :raises ParameterError: if the type, range or choice is wrong.
        """
        kind = type(self.default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if kind is str and type(value) is int:      # a device or a channel by its number
            value = str(value)
        if type(value) is not kind:
            raise ParameterError(f'{self.name}: expected {self.type_name}, got {value!r}')
        if kind in (int, float):
            if isinstance(value, float) and not math.isfinite(value):
                raise ParameterError(f'{self.name}: expected a finite number, got {value!r}')
            if self.minimum is not None and value < self.minimum:
                raise ParameterError(f'{self.name}: {value} is below {self.minimum}')
            if self.maximum is not None and value > self.maximum:
                raise ParameterError(f'{self.name}: {value} is above {self.maximum}')
        if self.choices is not None and value not in self.choices:
            raise ParameterError(f'{self.name}: expected one of {", ".join(self.choices)}, '
                                 f'got {value!r}')
        return value


ParameterTable = Sequence[Parameter]


def defaults(table: ParameterTable) -> dict:
    """Return ``{name: default}`` of a table."""
    return {parameter.name: parameter.default for parameter in table}


def check_values(table: ParameterTable, values: Mapping[str, Any]) -> dict:
    """
    Return the table's defaults overridden by ``values``, each checked.

    :raises ParameterError: on an unknown name or a value that does not fit.
    """
    known = {parameter.name: parameter for parameter in table}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ParameterError(f'unknown parameter {unknown[0]!r}; known: {", ".join(known)}')
    checked = defaults(table)
    for name, value in values.items():
        checked[name] = known[name].check(value)
    return checked
