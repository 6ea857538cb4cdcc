# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How loud a digital level is at the baby's ear, and the most that is ever allowed there.

A calibration says how many dB(A) a sound of known level makes at the ear, measured once with a
sound level meter; `docs/use/soothing_sound.md` describes how. Without one the loudspeaker is
assumed to be louder than small ones are, so that what is played can only be too quiet.
"""

from dataclasses import dataclass

from baby_cry_detector.care.hard_limits import LEVEL_RANGE_DBA
from baby_cry_detector.fields import ParameterError

#: No parameter, policy or service goes beyond this at the ear.
MOST_DBA = LEVEL_RANGE_DBA[1]
#: What a full-scale sound is assumed to be at the ear before anybody has measured it.
ASSUMED_FULL_SCALE_DBA = 100.0
PLAUSIBLE_FULL_SCALE_DBA = (50.0, 130.0)


@dataclass(frozen=True)
class Calibration:
    """
    From dB(A) at the ear to dBFS(A) of the samples.

    :param full_scale_dba: what 0 dBFS(A) is at the ear.
    :param measured: whether somebody measured that.
    """

    full_scale_dba: float = ASSUMED_FULL_SCALE_DBA
    measured: bool = False

    @classmethod
    def of(cls, measured_dba: float, at_dbfs: float) -> 'Calibration':
        """
        Return the calibration of a measurement.

        :param measured_dba: level at the ear in dB(A); 0 for "never measured".
        :param at_dbfs: level in dBFS(A) of the sound that played, below 0.
        :raises ParameterError: if no loudspeaker is like that.
        """
        if not measured_dba:
            return cls()
        full_scale_dba = measured_dba - at_dbfs
        low, high = PLAUSIBLE_FULL_SCALE_DBA
        if not low <= full_scale_dba <= high:
            raise ParameterError(
                f'calibration: {measured_dba:g} dB(A) at {at_dbfs:g} dBFS(A) would be '
                f'{full_scale_dba:g} dB(A) at full scale; expected {low:g} to {high:g}')
        return cls(full_scale_dba, True)

    def dbfs(self, level_dba: float) -> float:
        """Return what gives a level at the ear, in dBFS(A); never more than the most allowed."""
        return min(0.0, min(level_dba, MOST_DBA) - self.full_scale_dba)

    def dba(self, level_dbfs: float) -> float:
        """Return the level at the ear of samples of a level, in dB(A)."""
        return level_dbfs + self.full_scale_dba

    def describe(self) -> str:
        """Return one line for people."""
        if self.measured:
            return f'measured: full scale is {self.full_scale_dba:.1f} dB(A) at the ear'
        return (f'NOT MEASURED: full scale is assumed to be {self.full_scale_dba:.0f} dB(A) at '
                'the ear, so sounds are probably quieter than asked for; see '
                'docs/use/soothing_sound.md')
