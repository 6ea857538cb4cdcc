# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One crib's learner and the files it is built from, for the node and for the command alike.

What is known of a crib: what an estimator has kept and what the diary has, both since it was last
forgotten, and what was imported, whenever that happened.
"""

from pathlib import Path
import re
from typing import Any, Callable, Dict, Iterable, Tuple, Union

from baby_cry_detector import kept_needs, kept_voice
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.care.need.watching import CribWatch
from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.units import DAY_NS

LATELY_NS = 3 * DAY_NS


def watch_of(crib: str, kept: journal.Kept, settings: Dict[str, Any], now_ns: int,
             diary: Iterable[Union[Cry, Fact]] = (), threshold: float = 0.95,
             use_sound: bool = False) -> Tuple[CribWatch, str]:
    """
    Return (the watch that knows all of it, what of the settings is refused: a sentence or '').

    :param kept: what estimators have kept.
    :param settings: as `kept_needs.settings_of` returns them.
    """
    watch = CribWatch(crib, kept.items, kept.birth_ns, settings['since_ns'] or kept.since_ns,
                      kept_needs.utc_offset_h, threshold, use_sound)
    refused = watch.take_settings(settings, now_ns)
    watch.add(diary)
    return watch, refused


def forget(crib: str, now_ns: int) -> str:
    """
    Forget a crib's baby and its voice: each of both, whatever becomes of the other.

    :return: as `kept_needs.forget`.
    :raises OSError: if a part of that fails.
    """
    try:
        return kept_needs.forget(crib, now_ns)
    finally:
        kept_voice.erase(crib, now_ns)


class LearntCrib:
    """
    What a node learns of the crib that it hears.

    :param state: the file of the node.
    :param diary: where there may be one.
    :param report: called with a kind of trouble and a sentence, once for each that begins.
    :ivar watch: the learner.
    :ivar troubles: what is wrong at present, by kind.
    :raises OSError: if what is set for the crib can't be read: it may have been forgotten.
    """

    def __init__(self, crib: str, state: KeptState, diary: Path,
                 report: Callable[[str, str], None], now_ns: int, threshold: float = 0.95,
                 use_sound: bool = False) -> None:
        """Begin with what is kept, entered and set."""
        self.troubles: Dict[str, str] = {}
        self._crib, self._state, self._report = crib, state, report
        # The first time it is kept in any case: of what was forgotten meanwhile nothing stays.
        self._is_writable, self._kept_changes = True, -1
        settings = self._settings()
        self.watch, refused = watch_of(crib, self._kept(), settings, now_ns, (), threshold,
                                       use_sound)
        self._check(refused, now_ns)
        self._voice = kept_voice.VoiceReader(crib) if use_sound else None
        self._reader = kept_needs.DiaryReader(diary, crib)
        self._read_voice()

    def _say(self, kind: str, sentence: str) -> None:
        """Note what is wrong, or ('') that nothing of that kind is; say what is new."""
        before = self.troubles.pop(kind, '')
        if sentence:
            self.troubles[kind] = sentence
            # The same with another number is not said again.
            if re.sub(r'\d+', '', sentence) != re.sub(r'\d+', '', before):
                self._report(kind, sentence)

    # --- files -----------------------------------------------------------------------------------
    def _kept(self) -> journal.Kept:
        """Return what the node has kept of this crib."""
        try:
            return journal.read(kept_needs.document_for(self._state, self._crib))
        except (journal.LaterVersionError, OSError) as error:
            # What can't be read is not written over.
            self._is_writable = False
            self._say('kept_needs', f'{self._state.path}: {error}; it is left as it is, and what '
                      'happens is kept in memory and the diary alone')
        except ValueError as error:
            aside = f'{self._state.path}: {error}{self._state.set_aside()}' \
                if self._state.path.exists() else f'{error}'
            self._report('kept_needs', f'{aside}; what the diary has is learnt again')
        return journal.Kept([])

    def _settings(self) -> Dict[str, Any]:
        """
        Return what is set: a birth, what is forgotten, what was imported.

        :raises OSError: if that can't be read.
        """
        try:
            settings = kept_needs.settings_of(
                self._crib, lambda sentence: self._report('need_settings', sentence))
        except journal.LaterVersionError as error:
            self._say('need_settings', str(error))
            return {**kept_needs.checked_settings({}),
                    'since_ns': kept_needs.forgotten_ns(self._crib)}
        self._say('need_settings', '')
        return settings

    def _check(self, refused: str, now_ns: int) -> None:
        self._say('refused_settings', refused)
        self._say('forgotten_ahead', kept_needs.ahead_sentence(self.watch.since_ns, now_ns))

    def take_settings(self, now_ns: int) -> None:
        """Take what `baby-cry need` has set."""
        try:
            settings = self._settings()
        except OSError as error:
            self._say('need_settings', f'what is set for this crib can not be read: {error}')
            self._take_mark(now_ns)
            return
        self._check(self.watch.take_settings(settings, now_ns), now_ns)

    def _take_mark(self, now_ns: int) -> None:
        """Forget what is to be forgotten, where only the mark of that can be read."""
        try:
            mark_ns = kept_needs.forgotten_ns(self._crib)
        except OSError:
            return                      # that nothing can be read is said
        if mark_ns > self.watch.since_ns:
            self.watch.forget(mark_ns)
            self._check('', now_ns)

    def _read_voice(self) -> None:
        """Take how episodes sounded, if that is used and there is something new."""
        if self._voice is not None:
            sounds = self._voice.news()
            if sounds is not None:
                self.watch.hear(sounds)
            self._say('voice_not_read', self._voice.trouble)

    def read_diary(self) -> None:
        """Take what is new in the diary, if there is one."""
        watch = self.watch
        if not watch.now_ns:            # nothing is heard yet
            return
        try:
            items, is_other = self._reader.read(
                *(max(0, watch.now_ns - age_ns, watch.since_ns)
                  for age_ns in (journal.KEPT_NS, LATELY_NS)))
            count = watch.add(items)
            if is_other:
                self._report('diary_changed', f'the past of the diary has changed: {count} things '
                             'in it are new and learnt; nothing that was known is forgotten')
            self._say('diary_not_read', '')
        except (ValueError, OSError) as error:
            self._say('diary_not_read', f'the diary can not be read: {error}; it is learnt from '
                      'what is heard')

    def sync(self, now_ns: int) -> None:
        """Take what is new in all files."""
        self.take_settings(now_ns)
        self._read_voice()
        self.read_diary()

    def keep(self, now_ns: int) -> None:
        """Keep what happened, if anything did."""
        watch = self.watch
        if watch.changes == self._kept_changes or not self._is_writable:
            return
        document = watch.document(now_ns)
        try:
            self._state.keep({**document, 'crib': self._crib})
            self._kept_changes = watch.changes
            self._say('needs_not_kept', journal.left_out_sentence(document))
        except OSError as error:
            self._say('needs_not_kept', f'what happened is in memory alone: {error}')

    def forget(self, now_ns: int) -> str:
        """
        Forget what was learnt of this baby; the diary stays, and is not learnt from again.

        :return: what of the settings stays and why, a sentence; '' if nothing does.
        :raises OSError: if that can't be kept.
        """
        stays = forget(self._crib, now_ns)
        self.watch.forget(now_ns)
        self._check('', now_ns)
        self.keep(now_ns)
        return stays

    @property
    def trouble(self) -> str:
        """Return what is wrong at present, '' if nothing is."""
        return '; '.join(self.troubles.values())
