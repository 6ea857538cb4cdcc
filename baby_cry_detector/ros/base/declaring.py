# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a table of fields to a node's declared parameters, and what was given for them at start."""

import sys
from typing import Dict, List, Sequence

from baby_cry_detector.fields import Field, nearest, ParameterError, ParameterTable
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.start.as_typed import texts
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

# Parameters that rclpy or the middleware itself knows.
FOREIGN = ('use_sim_time', 'start_type_description_service')
NUMBERS = (RosParameter.Type.INTEGER, RosParameter.Type.DOUBLE)
FOREIGN_PREFIXES = ('qos_overrides.', 'diagnostic_updater.')


def describe(field: Field) -> ParameterDescriptor:
    """Return a field's ROS descriptor: description, range, when it may change."""
    changes = ('may change while running' if field.live else
               'given at start only' if field.read_only else 'fixed while running')
    choices = f' One of: {", ".join(field.choices)}.' if field.choices else ''
    descriptor = ParameterDescriptor(
        name=field.name, description=f'{field.description}{choices} ({changes})',
        read_only=field.read_only)
    if field.minimum is not None:
        if field.type_name == 'int':
            highest = sys.maxsize if field.maximum is None else int(field.maximum)
            descriptor.integer_range = [IntegerRange(
                from_value=int(field.minimum), to_value=highest, step=0)]
        else:
            most = sys.float_info.max if field.maximum is None else field.maximum
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=float(field.minimum), to_value=float(most), step=0.0)]
    return descriptor


def given(node: Node) -> Dict[str, RosParameter]:
    """Return what files, arguments and code gave for a node's parameters, declared or not."""
    # rclpy has no public name for it; without it nobody hears of a mistyped parameter.
    return dict(getattr(node, '_parameter_overrides', {}))


def declare(node: Node, table: ParameterTable) -> Dict[str, str]:
    """
    Declare a table; what was typed as another type is taken where its meaning is clear.

    :return: ``{name: sentence}`` of what was given and is refused; its default is declared.
    """
    refused, overrides = {}, given(node)
    for field in table:
        value = field.default
        override = overrides.get(field.name)
        if override is not None and override.type_ != RosParameter.Type.NOT_SET:
            given_value = override.value
            if isinstance(field.default, str) and override.type_ in NUMBERS:
                given_value = texts(sys.argv, node.get_fully_qualified_name()).get(
                    field.name, given_value)
            try:
                value = field.taken(given_value)
            except ParameterError as error:
                refused[field.name] = str(error)
        node.declare_parameter(field.name, value, describe(field), ignore_override=True)
    return refused


def unknown_parameters(node: Node, table: ParameterTable,
                       beside: Sequence[str] = ()) -> List[str]:
    """
    Return a sentence on each parameter that was given and that the node does not have.

    :param beside: other nodes of this process: what theirs are may be meant for them alone.
    """
    known = {field.name for field in table}
    theirs = {field.name for other in beside for field in TABLES[other]}
    sentences = []
    for name in sorted(given(node)):
        if name in known | theirs or name in FOREIGN or name.startswith(FOREIGN_PREFIXES):
            continue
        like = nearest(name, known)
        others = [other for other, fields in TABLES.items()
                  if any(field.name == name for field in fields)]
        hint = (f': did you mean {like}?' if like else
                f': it is one of {", ".join(others)}' if others else '')
        sentences.append(f'there is no parameter {name}{hint}')
    return sentences


def retyped(table: Dict[str, Field], taken: Dict[str, str],
            parameters: List[RosParameter]) -> List[RosParameter]:
    """
    Return parameters to be set, what was typed as another clear type in the right one.

    :param taken: gets a sentence on each name that came as a number: ROS reads 0123 as 83 and 1e3
        as 1000.0 before anybody here sees it.
    """
    result = []
    taken.clear()
    for parameter in parameters:
        field = table.get(parameter.name)
        if field is not None and parameter.type_ != RosParameter.Type.NOT_SET:
            try:
                value = field.taken(parameter.value)
                if isinstance(value, str) and parameter.type_ in NUMBERS:
                    taken[parameter.name] = (
                        f'{parameter.name} is {value!r}, taken from a number, which ROS reads in '
                        'its own way (0123 is 83); for other digits write "!!str 0123"')
                parameter = RosParameter(parameter.name, value=value)
            except ParameterError:
                pass                   # the check that follows says what is wrong with it
        result.append(parameter)
    return result
