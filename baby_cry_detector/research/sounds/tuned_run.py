# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A run of `baby-cry train-confirmer --tune`: mn04 trained on, fold by fold, and what is kept."""

from dataclasses import asdict, dataclass, replace
from functools import partial
import hashlib
import json
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from baby_cry_detector.model.second.tagger import N_TAGGER_VALUES
from baby_cry_detector.research.evaluation.paired import (paired_auc, paired_events, paired_lines,
                                                          Windows)
from baby_cry_detector.research.sounds.tagger_tuning import (Classes, embedded, fronts, Part,
                                                             tune, TuningSettings)
from baby_cry_detector.research.training.confirmer import (fit_probe, fold_stream, Heard, HOP_S,
                                                           window_starts, with_listener)
from baby_cry_detector.research.training.confirmer_run import Inputs, POOLED
from baby_cry_detector.research.training.feature_store import no_progress, Progress, share
import numpy as np

Arrays = Dict[str, np.ndarray]


@dataclass
class Tuned:
    """
    What came of it.

    :param heard: each fold as the network that was trained on the others hears it.
    :param probes: by fold, with it.
    :param taggers: by fold.
    :param tagger: trained on all folds.
    :param probe: with that.
    :param before: the probes by fold that read the network as it was.
    """

    heard: Dict[int, Heard]
    probes: Dict[int, Arrays]
    taggers: Dict[int, Arrays]
    tagger: Arrays
    probe: Arrays
    before: Dict[int, Arrays]


def tuned_folds(inputs: Inputs, heard: Mapping[int, Heard], classes: Classes, out: Path,
                hours: Tuple[float, float], settings: TuningSettings = TuningSettings(),
                say: Callable[[str], None] = lambda text: None, progress: Progress = no_progress
                ) -> Tuned:
    """
    Train mn04 on, once for each fold on the others and once on all; go on where that stopped.

    The same command at the same time takes a part of it.

    :param heard: what both networks say of every fold; mn04 heard windows of 0.975 s.
    :param out: folder of the run that heard it.
    :param hours: of music and of other sounds, as the run has them.
    """
    kept, parts = out / 'work', {}

    def front_of(fold: int) -> None:
        file = kept / f'front-{settings.blocks}-{fold}.npy'
        if not file.is_file():
            stream = fold_stream(fold, inputs.clips, inputs.background, *hours)
            partial_file = file.with_suffix('.partial.npy')
            np.save(partial_file, fronts(inputs.tagger, settings.blocks, stream.samples,
                                         window_starts(heard[fold].numbers)))
            partial_file.replace(file)
        parts[fold] = _part(heard[fold], np.load(file, mmap_mode='r'))
        progress('folds ready for mn04', len(parts), len(heard))

    share(kept, {f'front-{fold}': partial(front_of, fold) for fold in sorted(heard)})
    key = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode()).hexdigest()[:8]
    found: Dict[Optional[int], Dict[str, Arrays]] = {}

    def tune_without(fold: Optional[int]) -> None:
        file = kept / f'tuned-{key}-{"all" if fold is None else fold}.npz'
        if not file.is_file():
            others = [number for number in sorted(heard) if number != fold]
            before = fit_probe([heard[number] for number in others])
            tagger, probe = tune([parts[number] for number in others], inputs.tagger, before,
                                 classes, settings)
            _save(file, {'before': before, 'tagger': tagger, 'probe': probe})
            say(f'mn04 trained {"on all folds" if fold is None else f"without fold {fold}"}')
        found[fold] = _load(file)

    share(kept, {f'tuned-{key}-{fold}': partial(tune_without, fold)
                 for fold in [*sorted(heard), None]})
    new = {}
    for fold, one in heard.items():
        front = np.load(kept / f'front-{settings.blocks}-{fold}.npy', mmap_mode='r')
        values = embedded(found[fold]['tagger'], settings.blocks, front).astype(np.float16)
        new[fold] = replace(one, embeddings=np.concatenate(
            [one.embeddings[:, :-N_TAGGER_VALUES], values], 1))
    of_fold = {name: {fold: found[fold][name] for fold in heard}
               for name in ('probe', 'tagger', 'before')}
    return Tuned(new, of_fold['probe'], of_fold['tagger'], found[None]['tagger'],
                 found[None]['probe'], of_fold['before'])


def _part(heard: Heard, front: np.ndarray) -> Part:
    is_cry, weight = heard.targets()
    counts = weight > 0
    return Part(front[counts], heard.embeddings[counts], is_cry[counts], weight[counts])


def _save(file: Path, parts: Mapping[str, Arrays]) -> None:
    partial_file = file.with_suffix('.partial.npz')
    np.savez(partial_file, **{  # type: ignore[arg-type]  # its stub lacks **arrays
        f'{part}/{name}': value for part, arrays in parts.items()
        for name, value in arrays.items()})
    partial_file.replace(file)


def _load(file: Path) -> Dict[str, Arrays]:
    found: Dict[str, Arrays] = {}
    with np.load(file) as kept:
        for key in kept.files:
            part, name = key.split('/')
            found.setdefault(part, {})[name] = kept[key]
    return found


def compared(inputs: Inputs, heard: Mapping[int, Heard], tuned: Tuned
             ) -> Tuple[Dict[str, Dict], List[str]]:
    """Return what the trained network gains over the one that was heard, also as lines."""
    first = inputs.checkpoint
    windows = paired_auc(_windows(tuned.heard, tuned.probes), _windows(heard, tuned.before))
    events = paired_events(with_listener(tuned.heard, tuned.probes, first, 0.0, POOLED),
                           with_listener(heard, tuned.before, first, 0.0, POOLED),
                           first.enter_threshold)
    return {'windows': windows, 'events': events}, paired_lines(events, windows)


def _windows(heard: Mapping[int, Heard], probes: Mapping[int, Arrays]) -> Dict[int, Windows]:
    found = {}
    for fold, one in heard.items():
        is_cry, weight = one.targets()
        said = one.evidence(probes[fold], 0.0, 1).values[one.numbers]
        counts = weight > 0
        found[fold] = Windows(one.numbers[counts] * HOP_S, is_cry[counts], said[counts])
    return found
