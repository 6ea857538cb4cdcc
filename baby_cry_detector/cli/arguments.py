# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an argument of the command line may be; a wrong one is a sentence and exit code 2."""

import argparse
import math
from pathlib import Path
import sys
from typing import Callable, Sequence

from baby_cry_detector.fields import Field, ParameterError

PICTURES = ('.png', '.pdf', '.svg', '.jpg', '.jpeg')


class UsageError(ValueError):
    """Arguments that can't be meant; `main` says so and returns 2."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence: a page of usage would hide it."""

    def error(self, message):
        """Raise `UsageError`."""
        raise UsageError(f'{message} ({self.prog} --help says what is possible)')


def number(kind: type, minimum: float, maximum: float) -> Callable[[str], float]:
    """Return an argparse type for a finite int or float in a range."""
    what = 'a whole number' if kind is int else 'a number'

    def convert(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not minimum <= value <= maximum:
            raise argparse.ArgumentTypeError(
                f'expected {what} from {minimum} to {maximum}, got {text!r}')
        return value
    return convert


def of_parameter(parameter: Field) -> Callable[[str], object]:
    """Return an argparse type that accepts what a declared parameter does."""
    kind = type(parameter.default)

    def convert(text: str):
        try:
            return parameter.check(kind(text))
        except ParameterError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        except ValueError:
            raise argparse.ArgumentTypeError(
                f'{parameter.name}: expected {parameter.type_name}, got {text!r}') from None
    return convert


def output(suffixes: Sequence[str]) -> Callable[[str], str]:
    """Return an argparse type for the name of a file to write, told by its suffix."""
    def convert(text: str):
        if Path(text).suffix.lower() not in suffixes or '\0' in text:
            raise argparse.ArgumentTypeError(
                f'expected a name that ends in {" or ".join(suffixes)}, got {text!r}')
        output_path(text)
        return text
    return convert


def output_path(text: str) -> Path:
    """Return the name of a file to write, in a folder that there is (an argparse type)."""
    path = Path(text)
    if '\0' in text or not path.name:
        raise argparse.ArgumentTypeError(f'expected the name of a file, got {text!r}')
    try:
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f'there is no folder {str(path.parent)!r}')
        if path.is_dir():
            raise argparse.ArgumentTypeError(f'{text} is a folder: expected the name of a file')
    except OSError as error:           # a name that no disk takes
        raise argparse.ArgumentTypeError(f'{text!r:.80}: {error.strerror}') from None
    return path


def feature_set_name(text: str) -> str:
    """Return the name of a feature set that there is (an argparse type)."""
    from baby_cry_detector.features import get_feature_set
    try:
        get_feature_set(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def how_to_install(apt: str, pip: str) -> str:
    """Return the command that brings a missing package to the Python that runs."""
    if sys.prefix != sys.base_prefix:      # apt's packages are not seen from here
        return f'{sys.executable} -m pip install {pip}'
    return f'apt-get install {apt}'
