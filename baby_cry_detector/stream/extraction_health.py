# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What diagnostics say of an `Extraction`."""

from typing import Any, Dict, Tuple

from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.verdict import ERROR


def extraction_details(extraction: Extraction) -> Dict[str, Any]:
    """Return what is known of the audio that arrives."""
    reception = extraction.reception
    floor_db, test = reception.ear.floor_db, reception.self_test
    told: Dict[str, Any] = {
        'feature_set': extraction.feature_set.id, 'level_dbfs': round(extraction.level_dbfs, 1),
        **extraction.figures()}
    if extraction.format is not None:
        told.update(sample_rate=extraction.format.sample_rate,
                    channels=extraction.format.channels)
    if extraction.channel_finding:
        told['channel_choice'] = extraction.channel_finding
    told.update(times=reception.stamps.mode,
                microphone_floor_dbfs='' if floor_db is None else round(floor_db, 1),
                **extraction.own_sound.figures(), **extraction.own_motion.figures(),
                self_test='' if test.last is None else test.last.sentence)
    return told


def extraction_health(extraction: Extraction) -> Tuple[int, str]:
    """Return (level, sentence) of an extractor that runs."""
    if not extraction.is_flowing:
        return ERROR, 'no audio'
    verdict = extraction.verdict
    return verdict.level, verdict.sentence or 'extracting'
