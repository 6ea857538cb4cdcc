# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a setting is: one declaration, used to declare, validate and document it.

Pure: knows no ROS. `ros/base/` turns a table into rclpy declarations, `cli/` into options, the
page checks its requests with it, and the tables of the documentation are written from it.
"""

from array import array
import dataclasses
from dataclasses import dataclass, replace
from difflib import get_close_matches
import math
from pathlib import Path
from typing import (Any, cast, ClassVar, Dict, Iterable, Mapping, Optional, Sequence, Tuple, Type,
                    TypeVar, Union)

Value = Union[bool, int, float, str, Tuple[Any, ...]]
SWITCHES = {'true': True, 'yes': True, 'on': True, '1': True,
            'false': False, 'no': False, 'off': False, '0': False}


class ParameterError(ValueError):
    """A value that a field does not accept; the message names what it does."""


@dataclass(frozen=True)
class Field:
    """
    One setting.

    :param name: as typed by the user, with its unit (``hold_s``).
    :param default: also fixes the type: bool, int, float, str or, not in nodes, tuple: a list.
    :param description: one sentence for a user.
    :param minimum: smallest accepted value of a number, fewest entries of a list.
    :param maximum: largest accepted value of a number, most entries of a list.
    :param items: what each entry of a list must be; ``None``: anything.
    :param choices: accepted values, strings only.
    :param live: whether a running node accepts a change.
    :param read_only: whether it is given at start and never again: addresses, hosts, files,
        secrets, and what decides who is told or recorded. Anybody in the graph may set the rest.
    :param unit: of a number whose name does not say it.
    :param secret: whether its value is never repeated, in no message and no log.
    :param path: whether it names a file or folder: ``~`` is then the home folder.
    :param longest: most characters; the text is then one line of printable characters.
    :param required: whether an empty text is refused, and, where values come by name, a missing
        number.
    """

    name: str
    default: Value
    description: str = ''
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    choices: Optional[Sequence[str]] = None
    live: bool = False
    read_only: bool = False
    unit: str = ''
    secret: bool = False
    path: bool = False
    longest: Optional[int] = None
    required: bool = False
    items: Optional['Field'] = None

    @property
    def type_name(self) -> str:
        """Return ``bool``, ``int``, ``double``, ``string`` (ROS names) or ``a list``."""
        return {bool: 'bool', int: 'int', float: 'double', str: 'string',
                tuple: 'a list'}[type(self.default)]

    def check(self, value: Any) -> Value:
        """
        Return ``value`` in the field's type.

        :raises ParameterError: if the type, range or choice is wrong.
        """
        kind = type(self.default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = self._as_float(value)
        if kind is tuple and isinstance(value, list):
            value = tuple(value)
        if type(value) is not kind:
            raise ParameterError(f'{self.name}: expected {self.type_name}, '
                                 f'got {self._shown(value)}')
        checked: Value = value
        if isinstance(checked, str):
            return self._checked_text(checked)
        if isinstance(checked, tuple):
            return self._checked_list(checked)
        if not isinstance(checked, bool):
            self._check_number(checked)
        return checked

    def taken(self, value: Any) -> Value:
        """
        Return a value that somebody typed, also where it was typed as another type.

        What is meant has to be clear: ``3`` for a double, ``1`` for a name, ``16000.0`` for an
        int, ``'true'``, ``'on'`` or ``1`` for a switch.

        :raises ParameterError: with what to write instead.
        """
        kind = type(self.default)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind is str and is_number:
            value = str(value)
        elif kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        elif kind in (int, float) and isinstance(value, str):
            value = _number(value, value)
            if kind is int and isinstance(value, float) and value.is_integer():
                value = int(value)
        elif kind is bool and isinstance(value, str) and value.strip().lower() in SWITCHES:
            value = SWITCHES[value.strip().lower()]
        elif kind is bool and is_number and value in (0, 1):
            value = bool(value)
        elif isinstance(value, (list, tuple, array)):
            raise ParameterError(f'{self.name}: expected one {self.type_name}, got a list: '
                                 f'{self._shown(list(value))}')
        elif kind is str and isinstance(value, bool):
            raise ParameterError(
                f'{self.name}: expected string, got {str(value).lower()} (also where yes, no, on '
                f'or off was typed); as a text it needs quotes within quotes: '
                f'{self.name}:="\'{str(value).lower()}\'"')
        return self.check(value)

    def _as_float(self, value: int) -> float:
        try:
            return float(value)
        except OverflowError:
            raise ParameterError(f'{self.name}: the number is out of range') from None

    def _check_number(self, value: Union[int, float]) -> None:
        if isinstance(value, float) and not math.isfinite(value):
            raise ParameterError(f'{self.name}: expected a finite number, got {value!r}')
        if isinstance(value, int) and not -2 ** 63 <= value < 2 ** 63:
            raise ParameterError(f'{self.name}: the number is out of range')
        if self.minimum is not None and value < self.minimum:
            raise ParameterError(f'{self.name}: {value} is below {self.minimum}')
        if self.maximum is not None and value > self.maximum:
            raise ParameterError(f'{self.name}: {value} is above {self.maximum}')

    def _checked_list(self, value: Tuple[Any, ...]) -> Tuple[Any, ...]:
        if not (self.minimum or 0) <= len(value) <= (self.maximum or math.inf):
            raise ParameterError(f'{self.name}: expected {self.minimum or 0} to {self.maximum} '
                                 f'entries, got {len(value)}')
        if self.items is None:
            return value
        entry = replace(self.items, name=self.name)
        return tuple(entry.check(one) for one in value)

    def _checked_text(self, value: str) -> str:
        if self.longest is not None:
            value = value.strip()
            if len(value) > self.longest:
                raise ParameterError(f'{self.name}: at most {self.longest} characters, '
                                     f'got {len(value)}')
            # Also keeps out half of a surrogate pair, which no message can carry.
            if not value.isprintable():
                raise ParameterError(f'{self.name}: one line without control characters, please')
        if self.choices is not None and value not in self.choices:
            choices = ', '.join(choice or "''" for choice in self.choices)
            raise ParameterError(f'{self.name}: expected one of {choices}, '
                                 f'got {self._shown(value)}')
        if self.required and not value:
            raise ParameterError(f'{self.name}: something must be entered')
        if self.path and value.startswith('~'):
            try:
                value = str(Path(value).expanduser())
            except RuntimeError:           # nobody of that name has a home
                raise ParameterError(f'{self.name}: there is no home folder for '
                                     f'{self._shown(value)}') from None
        return value

    def _shown(self, value: Any) -> str:
        return 'something else' if self.secret else repr(value)[:60]


ParameterTable = Sequence[Field]
Kind = TypeVar('Kind')
Own = TypeVar('Own', bound='Settings')


def setting(default: Kind, description: str = '', **limits: Any) -> Kind:
    """
    Declare an attribute of a `Settings` class.

    As in ``hold_s: float = setting(3.0, 'Longest pause.', minimum=0.0)``.

    :param limits: as of `Field`: minimum, maximum, choices, unit, live, read_only and so on.
    """
    declared = Field('', cast(Value, default), description, **limits)
    return cast(Kind, dataclasses.field(default=default, metadata={'declared': declared}))


def share(default: float, description: str = '') -> float:
    """Declare a probability or a share, 0 to 1."""
    return setting(default, description, minimum=0.0, maximum=1.0)


@dataclass(frozen=True)
class Settings:
    """
    Checked values, as typed attributes; a frozen dataclass whose attributes are `setting`.

    An attribute may also be a section: settings of its own, by ``field(default_factory=…)``.

    :cvar error: what is raised on a value that its field does not accept.
    """

    error: ClassVar[Type[ParameterError]] = ParameterError

    @classmethod
    def table(cls) -> Tuple[Field, ...]:
        """Return the declarations, in order, without those of the sections."""
        return tuple(replace(attribute.metadata['declared'], name=attribute.name)
                     for attribute in dataclasses.fields(cls) if 'declared' in attribute.metadata)

    @classmethod
    def of(cls: Type[Own], values: Mapping[str, Any]) -> Own:
        """
        Return the settings of a mapping by name; what is not in it has its default.

        :raises ParameterError: also on an unknown name; it is the ``error`` of the class.
        """
        return cls._of(values, '', 'parameter')

    @classmethod
    def of_document(cls: Type[Own], document: Any) -> Own:
        """Return the same of what stands in a file, sections and all; raises the same."""
        return cls._of(document, '', 'entry')

    @classmethod
    def _of(cls: Type[Own], values: Any, where: str, what: str) -> Own:
        if not isinstance(values, Mapping):
            raise cls.error(f'{where[:-1] or "the file"}: expected entries, got {values!r:.60}')
        sections = {one.name: one.default_factory for one in dataclasses.fields(cls)
                    if 'declared' not in one.metadata}
        table = [replace(field, name=f'{where}{field.name}') for field in cls.table()]
        given = {f'{where}{name}': value for name, value in values.items()
                 if name not in sections}
        try:
            checked = check_values(table, given, what, [where + name for name in sections])
        except ParameterError as error:
            raise cls.error(str(error)) from None
        missing = [field.name for field in table if field.required and field.name not in given]
        if missing:
            raise cls.error(f'{missing[0]} is missing')
        return cls(**{name[len(where):]: value for name, value in checked.items()}, **{
            name: cast(Type[Settings], kind)._of(values[name] or {}, f'{where}{name}.', what)
            for name, kind in sections.items() if name in values})

    def __post_init__(self) -> None:
        """Check every value; what depends on several is checked by a class of its own."""
        for field in self.table():
            try:
                object.__setattr__(self, field.name, field.check(getattr(self, field.name)))
            except ParameterError as error:
                raise self.error(str(error)) from None


def _number(text: str, otherwise: Any) -> Any:
    """Return the number that a text is, an int where it is one; else ``otherwise``."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return otherwise


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like a mistyped one; '' if none is."""
    return next(iter(get_close_matches(name, list(known), 1, 0.7)), '')


def defaults(table: ParameterTable) -> Dict[str, Value]:
    """Return ``{name: default}`` of a table."""
    return {field.name: field.default for field in table}


def check_values(table: ParameterTable, values: Mapping[str, Any], what: str = 'parameter',
                 others: Iterable[str] = ()) -> Dict[str, Value]:
    """
    Return the table's defaults overridden by ``values``, each checked.

    :param what: what an unknown name is called.
    :param others: names that are known too, but not looked at.
    :raises ParameterError: on an unknown name or a value that does not fit.
    """
    known = {field.name: field for field in table}
    names = [*known, *others]
    unknown = sorted(set(map(str, values)) - set(names))
    if unknown:
        like = nearest(unknown[0], names)
        meant = f' (did you mean {like}?)' if like else ''
        raise ParameterError(f'unknown {what} {unknown[0]!r}{meant}; known: {", ".join(names)}')
    checked = defaults(table)
    for name, value in values.items():
        if name in known:
            checked[name] = known[name].check(value)
    return checked
