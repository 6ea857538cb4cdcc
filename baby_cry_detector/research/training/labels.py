# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the names of folders and labels mean, however people write them.

``301 - Crying baby``, ``cries`` and ``belly pain`` are cries; ``dog`` and ``03. Vacuum cleaner``
are not; ``class_7`` is neither, and whoever has such a name is asked what it means (`Mapping`).
"""

import re
from typing import Dict, Iterable, Mapping, NamedTuple, Optional
import unicodedata

CRY, NOT_CRY, EMOTION, SKIP = 'cry', 'not_cry', 'emotion', 'skip'

#: Reasons, and how else they are called; in words that `words_of` gives.
REASONS = {
    'hungry': 'hungry hunger food feed feeding', 'pain': 'pain painful hurt',
    'belly_pain': 'belly_pain bellypain belly_ache bellyache tummy_ache stomach_ache stomach_pain '
                  'colic abdominal_pain gas', 'tired': 'tired tiredness sleepy sleepiness',
    'discomfort': 'discomfort uncomfortable diaper wet_diaper dirty_diaper',
    'burping': 'burping burp need_burp need_to_burp needs_to_burp needs_burping',
    'cold_hot': 'cold_hot hot_cold cold_or_hot hot_or_cold cold hot too_cold too_hot temperature '
                'feeling_cold feeling_hot coldhot',
    'lonely': 'lonely loneliness alone attention', 'scared': 'scared afraid fright frightened',
    'angry': 'angry', 'sad': 'sad'}
CRY_WORDS = set('cry cries cried crying wail wailing whimper whimpering sob sobbing fuss fussing '
                'fussy scream_cry babycry babycries'.split())
FILLERS = set('baby babies infant infants newborn newborns neonate child children kid toddler '
              'sound sounds audio audios recording recordings clip clips class label type data '
              'wav wavs file files sample samples of a the with due to because and is reason '
              'positive loud soft strong weak'.split())
NEGATIONS = set('no not non none without negative noncry nocry notcry noncries nocries noncrying '
                'nocrying notcrying'.split())
#: What is heard where a folder of recordings is called so, and above or below a folder that names
#: what is heard a place, a device or a part of the data.
AMBIGUOUS = set('train home household room kitchen street phone telephone car '
                'environment'.split())
NOT_CRIES = set("""
    not_cry other others background noise noises silence silent quiet speech talk talking voice
    voices music song singing laugh laughs laughing laughter giggle babble babbling coo cooing
    cough coughing sneeze sneezing hiccup breathing breath snoring snore yawn footstep footsteps
    applause clapping dog bark barking cat meow purr rooster pig cow frog hen insect insects sheep
    crow bird birds chirping_bird chirping_birds cricket crickets goat horse rain sea_wave
    sea_waves wave waves fire crackling_fire water_drop water_drops wind pouring_water
    toilet_flush thunderstorm thunder door door_knock door_wood_knock door_wood_creaks mouse_click
    mouse keyboard keyboard_typing can_opening washing_machine vacuum vacuum_cleaner clock
    clock_alarm clock_tick glass glass_breaking helicopter chainsaw siren car_horn car cars engine
    train church_bell church_bells airplane fireworks fan hair_dryer kitchen dishes tv television
    radio doorbell phone telephone alarm traffic street crowd environment environmental room home
    household cartoon toy toys animal animals drinking_sipping brushing_teeth hand_saw noise_floor
    white_noise pink_noise adult adult_speech
    """.split())
# What a desktop adds to the name of a copy: " (1)", " - Copy (2)", " copy 3".
COPY = re.compile(r'\s*(\(\d+\)|\s-?\s*copy(\s*\(?\d+\)?)?)\s*$')
_REASON_OF = {name: reason for reason, names in REASONS.items() for name in names.split()}


class Meaning(NamedTuple):
    """
    What a name means.

    :param kind: ``cry``, ``not_cry``, ``emotion`` or ``skip``.
    :param label: the name as labels are written.
    """

    kind: str
    label: str


def words_of(name: str) -> str:
    """Return a name as labels are written: ``301 - Crying baby`` is ``crying_baby``."""
    text = re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', unicodedata.normalize('NFKC', name)).casefold()
    text = COPY.sub('', text) or text
    words = re.findall(r'[^\W_]+', re.sub(r"['’]", '', text))
    while len(words) > 1 and words[0].isdecimal():     # a number that orders the folders
        words.pop(0)
    return '_'.join(words) or text.strip()


def meaning_of(name: str, cry_labels: Iterable[str] = ()) -> Optional[Meaning]:
    """
    Return what a folder or label is called for; ``None`` if it is not known.

    :param cry_labels: further labels that mean a cry.
    """
    label = words_of(name)
    if label in (CRY, NOT_CRY, EMOTION):
        return Meaning(label, label)
    if label in {words_of(known) for known in cry_labels}:
        return Meaning(CRY, _REASON_OF.get(label, label))
    words = label.split('_')
    rest = [word for word in words if word not in FILLERS and word not in CRY_WORDS]
    cries = any(word in CRY_WORDS for word in words)
    if any(word in NEGATIONS for word in rest):
        return Meaning(NOT_CRY, label) if cries or set(rest) <= NEGATIONS else None
    reason = _REASON_OF.get('_'.join(rest)) or _REASON_OF.get(label)
    if reason:
        return Meaning(CRY, reason)
    if cries:
        known = label in ('crying', 'crying_baby', 'baby_cry', 'infant_cry')
        return None if rest else Meaning(CRY, label if known else 'crying')
    for spelling in (label, '_'.join(rest), _singular(label)):
        if spelling in NOT_CRIES or _singular(spelling) in NOT_CRIES:
            return Meaning(NOT_CRY, label)
    return None


def mapped(name: str, mapping: Mapping[str, str], cry_labels: Iterable[str] = ()
           ) -> Optional[Meaning]:
    """Return what the user (``--map NAME=MEANING``) or else `meaning_of` says of a name."""
    given = {words_of(key): value for key, value in mapping.items()}.get(words_of(name))
    if given is None:
        return meaning_of(name, cry_labels)
    if given == SKIP:
        return Meaning(SKIP, words_of(name))
    return meaning_of(given, cry_labels) if given not in (CRY, NOT_CRY, EMOTION) else Meaning(
        given, words_of(name))


def is_unclear(name: str) -> bool:
    """Return whether a name that is not known speaks of crying: what is above can't decide it."""
    words = words_of(name).split('_')
    return any(word in CRY_WORDS or word.startswith(('cry', 'scream')) for word in words)


def parse_mapping(texts: Iterable[str]) -> Dict[str, str]:
    """
    Return what ``NAME=MEANING`` arguments say.

    :raises ValueError: unless a meaning is cry, not_cry, emotion, skip or a reason.
    """
    mapping = {}
    for text in texts:
        name, equals, value = text.rpartition('=')
        value = words_of(value)
        if not equals or not name.strip() or value not in (CRY, NOT_CRY, EMOTION, SKIP, *REASONS):
            raise ValueError(f'--map: expected NAME=MEANING with a meaning of {CRY}, {NOT_CRY}, '
                             f'{EMOTION}, {SKIP}, {", ".join(REASONS)}; got {text!r}')
        mapping[name.strip()] = value
    return mapping


def _singular(label: str) -> str:
    for ending, instead in (('ies', 'y'), ('es', ''), ('s', '')):
        if label.endswith(ending):
            return label[:-len(ending)] + instead
    return label
