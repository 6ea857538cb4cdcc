# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Output that commands no terminal: names of files, and what stands in them, may be anybody's."""

import contextlib
import re
import sys

from baby_cry_detector.printable import printable

# What this program's own progress lines use: colours, the rest of a line, the line's begin.
_OWN = re.compile(r'(\x1b\[[0-9;]*[mK]|\r)')


class HarmlessStream:
    """A text stream whose escapes and control characters are shown instead of sent."""

    def __init__(self, stream):
        """Write to ``stream``; anything else is asked of it."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; return how many characters of it were taken, which is all."""
        if text.isascii() and text.isprintable():
            self._stream.write(text)
        else:
            self._stream.write(''.join(
                part if index % 2 else printable(part, len(part) + 1)
                for index, part in enumerate(_OWN.split(text))))
        return len(text)

    def writelines(self, lines) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def __iter__(self):
        return iter(self._stream)

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def harmless_output():
    """Let nothing but text through to standard output and standard error."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        stream if stream is None or isinstance(stream, HarmlessStream) else HarmlessStream(stream)
        for stream in kept)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
