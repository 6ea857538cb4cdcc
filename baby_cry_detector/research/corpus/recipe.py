# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the corpus is made of: a YAML list of sources, checked."""

from dataclasses import dataclass, fields
import fnmatch
from pathlib import Path
import re
from typing import Any, List, Mapping, Optional, Tuple

HOW = ('debian', 'git', 'pypi', 'npm', 'folder')


class RecipeError(ValueError):
    """A recipe that can't be used; the message names the source and the entry."""


@dataclass(frozen=True)
class Source:
    """
    One package, repository or folder.

    :param name: names the source in the manifest, and its folder of clips.
    :param how: one of `HOW`.
    :param get: the package's name, the repository's address or the folder; ``name`` by default.
    :param license: of files that the package's own copyright file says nothing about.
    :param author: the same.
    :param kinds: pairs of a glob on the path inside and the label; the first that fits counts,
        a file that none fits is left out. A label of ``-`` leaves out.
    :param group: who or what was recorded, never split over folds: text in which ``{source}``,
        ``{folder}`` and ``{1}`` (first group of ``group_regex``) are filled in.
    :param group_regex: searched in the path.
    :param groups: pairs of a glob on the path inside and the group, for recordings whose number
        at their first publisher is not in their path; the first that fits counts before ``group``.
    :param per_group: most files of a group, 0 for all; chosen evenly over their sorted names.
    :param longest_s: a longer recording is cut to this, from its middle.
    """

    name: str
    how: str = 'debian'
    get: str = ''
    license: str = ''  # noqa: A003  # as the manifest's column
    author: str = ''
    kinds: Tuple[Tuple[str, str], ...] = (('*', 'sound'),)
    group: str = '{source}'
    group_regex: str = ''
    groups: Tuple[Tuple[str, str], ...] = ()
    per_group: int = 0
    longest_s: float = 240.0

    def label_of(self, path: str) -> Optional[str]:
        """Return the label of a path inside the source, None if it is left out."""
        for glob, label in self.kinds:
            if fnmatch.fnmatch(path.lower(), glob.lower()):
                return None if label == '-' else label
        return None

    def group_of(self, path: str) -> str:
        """Return the group of a path inside the source."""
        for glob, group in self.groups:
            if fnmatch.fnmatch(path.lower(), glob.lower()):
                return group
        found = re.search(self.group_regex, path) if self.group_regex else None
        values = ('',) + (found.groups() if found else ())
        values += ('',) * (2 - len(values))
        return self.group.format(*values, source=self.name,
                                 folder=Path(path).parent.as_posix())


def load_recipe(file: Path) -> List[Source]:
    """
    Read a recipe.

    :raises RecipeError: with what is wrong.
    """
    import yaml
    try:
        document = yaml.safe_load(Path(file).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f'{file}: {error}') from error
    if not isinstance(document, dict) or not isinstance(document.get('sources'), list):
        raise RecipeError(f'{file}: expected "sources:" with a list')
    sources = [_source(entry, f'{file}: source {number}')
               for number, entry in enumerate(document['sources'], start=1)]
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f'{file}: source {twice[0]!r} is there twice')
    return sources


def _source(entry: Any, where: str) -> Source:
    if isinstance(entry, str):
        entry = {'name': entry}
    if not isinstance(entry, Mapping) or not isinstance(entry.get('name'), str):
        raise RecipeError(f'{where}: expected at least "name: ..."')
    where = f'{where} ({entry["name"]})'
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._+-]*', entry['name']):
        raise RecipeError(f'{where}: the name becomes a folder: letters, digits and ._+- only')
    known = {field.name: field for field in fields(Source)}
    values = dict(entry)
    for name, value in values.items():
        if name not in known:
            raise RecipeError(f'{where}: unknown entry {name!r}; known: {", ".join(known)}')
        default = known[name].default
        if name in ('kinds', 'groups'):
            values[name] = _pairs(value, f'{where}: {name}')
        elif isinstance(default, (int, float)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise RecipeError(f'{where}: {name}: expected a number from 0, got {value!r}')
        elif not isinstance(value, str):
            raise RecipeError(f'{where}: {name}: expected text, got {value!r}')
    if values.get('how', 'debian') not in HOW:
        raise RecipeError(f'{where}: how: expected one of {", ".join(HOW)}')
    values.setdefault('get', values['name'])
    try:
        source = Source(**values)
        source.group_of('folder/name.ogg')
    except (re.error, IndexError, KeyError, ValueError) as error:
        raise RecipeError(f'{where}: group: {error}') from error
    return source


def _pairs(value: Any, where: str) -> Tuple[Tuple[str, str], ...]:
    if not isinstance(value, list) or not value or not all(
            isinstance(pair, list) and len(pair) == 2
            and all(isinstance(part, str) and part for part in pair) for pair in value):
        raise RecipeError(f'{where}: expected a list of pairs of text, [glob, ...]')
    return tuple((glob, text) for glob, text in value)
