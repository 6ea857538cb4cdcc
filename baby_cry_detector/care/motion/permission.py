# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the crib may move now, from all that is known; pure."""

from dataclasses import dataclass

# Who else commands the joint is known so long after this node began to look.
SETTLE_S = 2.0
CLOCK_STANDS = 'the clock stands still'


@dataclass(frozen=True)
class Conditions:
    """
    What is known at one moment.

    :param commanders: how many publishers the command topic has, this node's own included.
    :param listeners: how many subscribers that count: where nobody measures the joint, those that
        acknowledge what they receive.
    :param deaf: how many others.
    :param looked_s: for how long this node has looked.
    :param topic: full name of the command topic.
    :param stop: why a caregiver's stop holds, or ''.
    :param clock: what is wrong with the clock, or ''.
    :param crib: what is wrong with where the crib stands (see `CribMotion.objection`), or ''.
    :param imu: what the IMU says against it, or ''.
    """

    commanders: int
    listeners: int
    looked_s: float
    topic: str
    stop: str = ''
    clock: str = ''
    crib: str = ''
    imu: str = ''
    deaf: int = 0

    @property
    def error(self) -> str:
        """Return what is wrong with how the crib is connected, or ''."""
        if self.commanders > 1:
            return (f'{self.commanders} publishers command {self.topic}: nobody moves until it is '
                    'one (one that died is listed for some seconds)')
        if self.listeners == 0 and self.deaf and self.looked_s >= SETTLE_S:
            return (f'who listens to {self.topic} acknowledges nothing (best effort), and nobody '
                    'measures the joint: nothing is rocked')
        if self.listeners == 0 and self.looked_s >= SETTLE_S:
            return f'nobody listens to {self.topic}: nothing is rocked'
        return ''

    @property
    def halts(self) -> str:
        """Return why what moves has to stop at once, or ''."""
        return self.error or self.clock or self.imu

    @property
    def waits(self) -> str:
        """Return what will soon be known, and has to be before anything begins, or ''."""
        if self.looked_s < SETTLE_S:
            return 'looking who else commands the crib'
        return ''

    @property
    def objection(self) -> str:
        """Return why nothing may begin now, or ''."""
        return (self.stop or self.error or self.clock or self.imu or self.waits or self.crib)
