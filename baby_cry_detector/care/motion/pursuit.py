# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the policy wants of the rocking, and how the motion is brought to that; pure."""

from typing import Callable, Optional, Protocol, Tuple

from baby_cry_detector.care.motion.permission import Conditions
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
from baby_cry_detector.care.policy.effect import Effect
from baby_cry_detector.care.policy.engine import PolicyEngine, ROCK
from baby_cry_detector.care.policy.plan import Plan, RockOrder
from baby_cry_detector.care.policy.policy import Policy
from baby_cry_detector.cry_state import CryState

# What an order may wait for that will soon be known: where the crib is, who else commands it.
PATIENCE_S = 3.0


class Drive(Protocol):
    """What moves the crib."""

    @property
    def machine(self) -> RockingMachine:
        """Return what plans it."""

    @property
    def is_moving(self) -> bool:
        """Return whether anything that was sent has not come to its end."""

    def start(self, frequency_hz: float, amplitude_mm: float) -> str:
        """Begin a session; return why not, or ''."""

    def stop(self, why: str) -> None:
        """Come to rest smoothly."""

    def step(self) -> None:
        """Send what is due."""


class Events(Protocol):
    """Who is told of sessions."""

    def started(self, order: RockOrder, crib_id: str) -> None:
        """Say that a session began."""

    def refused(self, order: RockOrder, why: str, crib_id: str) -> None:
        """Say that it was asked for and not done."""

    def ended(self, effect: Effect, crib_id: str) -> None:
        """Say that a session ended, and what it changed."""


class Pursuit:
    """
    One crib's orders.

    :param policy: whose orders these are.
    :param drive: what moves the crib.
    :param events: who is told.
    :param conditions: returns whether it may move now.
    """

    def __init__(self, policy: Policy, drive: Drive, events: Events,
                 conditions: Callable[[], Conditions]) -> None:
        """Nothing was heard, nothing is wanted."""
        self._engine, self._drive = PolicyEngine(policy), drive
        self._events, self._conditions = events, conditions
        self._order: Optional[RockOrder] = None         # what the policy wants
        self._ordered = ('', 0.0)      # its action_id, and since when
        self._wanted: Tuple[float, float] = (0.0, 0.0)  # frequency, amplitude that were begun
        self._started = ''             # action_id that was begun
        self._is_changing = False      # it only rests to go on otherwise

    @property
    def crib_id(self) -> str:
        """Return whose crib it is, as `cry_need` names it; '': not heard yet."""
        return self._engine.crib_id

    @property
    def has_order(self) -> bool:
        """Return whether the policy wants it rocked."""
        return self._order is not None

    def observe(self, state: CryState, now_s: float) -> None:
        """Take what is heard of the baby, and do what follows; ``now_s``: of the boot clock."""
        self._carry_out(self._engine.observe(state), now_s)

    def pursue(self, now_s: float) -> None:
        """Bring the motion to what is wanted: begin, change, or stop smoothly."""
        drive, order = self._drive, self._order
        if order is None:
            drive.stop('the policy ended it')
        elif drive.machine.is_rocking:
            self._is_changing = self._wanted != (order.frequency_hz, order.amplitude_mm)
            if self._is_changing:
                drive.stop('it goes on otherwise')
        elif self._started == order.action_id and not self._is_changing:
            self._give_up(drive.machine.why, now_s)
            return
        elif not drive.is_moving:
            self._begin(order, now_s)
        drive.step()

    def halted(self, why: str, is_told: bool) -> None:
        """Want nothing more: it was stopped; ``is_told``: and that is said."""
        self._order = None
        if is_told:
            self._tell_ends(self._engine.give_up(ROCK, why))

    def _carry_out(self, plan: Plan, now_s: float) -> None:
        """Do what the plan says."""
        self._order = plan.rock
        if plan.rock is not None and plan.rock.action_id != self._ordered[0]:
            self._ordered = (plan.rock.action_id, now_s)
        self._tell_ends(plan)
        self.pursue(now_s)

    def _begin(self, order: RockOrder, now_s: float) -> None:
        conditions = self._conditions()
        why = conditions.objection
        if why and why in (conditions.waits, conditions.crib) and (
                now_s - self._ordered[1] < PATIENCE_S):
            return                     # soon known: asked again by the watch
        why = why or self._drive.start(order.frequency_hz, order.amplitude_mm)
        if why:
            if self._started != order.action_id:
                self._events.refused(order, why, self.crib_id)
            self._give_up(why, now_s)
            return
        self._wanted = (order.frequency_hz, order.amplitude_mm)
        self._is_changing = False
        if self._started != order.action_id:
            self._started = order.action_id
            self._drive.step()         # the command first
            self._events.started(order, self.crib_id)

    def _give_up(self, why: str, now_s: float) -> None:
        self._carry_out(self._engine.give_up(ROCK, why), now_s)

    def _tell_ends(self, plan: Plan) -> None:
        for effect in plan.ended:
            if effect.action == ROCK and effect.action_id == self._started:
                self._events.ended(effect, self.crib_id)
