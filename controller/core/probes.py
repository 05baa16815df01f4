"""Probes (S1): what is checked of a run, how often, and what follows from the answers, as values.

Kubernetes' meaning and thresholds, with one addition. A check *counts* at `initial_delay` plus each whole
`period`; until startup and readiness have passed once there are looks in between, ever more rarely, that
count only if they pass. So a server is ready when it is, not a period later, and is killed no sooner.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

FIRST_LOOK_SECONDS = 0.03
FIRST_COMMAND_SECONDS = 0.25
LOOK_FRACTION = 0.15
"""Of the age of a process: a look finds it ready that much too late at most."""

RETRY_SECONDS = 1.0
"""Until it is tried again where nothing could be found out."""

NEVER = float("inf")

UNPROVEN = "it has not passed yet"


class Role(StrEnum):
    STARTUP = "startup"
    READINESS = "readiness"
    LIVENESS = "liveness"


@dataclass(frozen=True, slots=True)
class Probe:
    """One check: `command`, or a `path` to get, or `watchdog_seconds`, or else a connection.

    A connection goes to `port`, or to the worker's private socket where there is none. `private`: `port` is
    that of the pool's first worker, and each has its own.
    """

    command: tuple[str, ...] = ()
    path: str = ""
    watchdog_seconds: float = 0.0
    port: int | None = None
    private: bool = False
    initial_delay_seconds: float = 0.0
    period_seconds: float = 10.0
    timeout_seconds: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3

    def at(self, ordinal: int) -> Probe:
        """As it is for one worker of the pool."""
        if not self.private or self.port is None:
            return self
        return dataclasses.replace(self, port=self.port + ordinal, private=False)


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of a set."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None

    def of(self, role: Role) -> Probe | None:
        match role:
            case Role.STARTUP:
                return self.startup
            case Role.READINESS:
                return self.readiness
            case Role.LIVENESS:
                return self.liveness

    def at(self, ordinal: int) -> Probes:
        """As they are for one worker of the pool."""
        given = (self.startup, self.readiness, self.liveness)
        if not any(one is not None and one.private for one in given):
            return self
        return Probes(*(None if one is None else one.at(ordinal) for one in given))

    @property
    def gate(self) -> bool:
        """Whether being ready depends on a probe."""
        return self.startup is not None or self.readiness is not None


NONE = Probes()


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found out; None: nothing, which counts for nothing. `again_in`: when to look again."""

    passed: bool | None
    message: str = ""
    again_in: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One probe of one run. `verdict` is None until a threshold was reached for the first time.

    `counts_at`: a check that is due before that counts only if it passes.
    """

    due: float
    counts_at: float
    passes: int = 0
    failures: int = 0
    verdict: bool | None = None
    ever_passed: bool = False
    last: bool | None = None
    message: str = ""


def begin(role: Role, probe: Probe, started_at: float, now: float) -> State:
    """From `now` on; a run that was found alive is looked at anew."""
    if probe.watchdog_seconds:
        due = max(started_at + probe.watchdog_seconds, now)
        return State(due, due)
    first = max(started_at + probe.initial_delay_seconds, now)
    counts_at = first + probe.period_seconds
    return State(counts_at if role is Role.LIVENESS else first, counts_at)


def after(role: Role, probe: Probe, state: State, result: Result, now: float) -> State:
    """The state after one more check."""
    if result.passed is None:
        return dataclasses.replace(state, due=now + min(RETRY_SECONDS, probe.period_seconds))
    counted = probe.watchdog_seconds > 0 or state.due >= state.counts_at
    counts_at = max(state.counts_at + probe.period_seconds, now) if counted else state.counts_at
    if result.passed:
        passes, failures = state.passes + 1, 0
        verdict = True if passes >= probe.success_threshold else state.verdict
    else:
        passes, failures = 0, state.failures + counted
        threshold = 1 if probe.watchdog_seconds else probe.failure_threshold
        verdict = False if failures >= threshold else state.verdict
    judged = State(
        due=counts_at,
        counts_at=counts_at,
        passes=passes,
        failures=failures,
        verdict=verdict,
        ever_passed=state.ever_passed or verdict is True,
        last=result.passed,
        message=result.message,
    )
    return dataclasses.replace(judged, due=_next(role, judged, result, now))


def _next(role: Role, state: State, result: Result, now: float) -> float:
    if is_over(role, state):
        return NEVER
    if result.again_in is not None:
        return now + result.again_in
    return max(state.counts_at, now)


def look_at(role: Role, probe: Probe, state: State, started_at: float, now: float) -> State:
    """Until it has passed once, what people wait for is looked at in between."""
    if role is Role.LIVENESS or state.ever_passed or state.due == NEVER or state.last is None:
        return state
    floor = FIRST_COMMAND_SECONDS if probe.command else FIRST_LOOK_SECONDS
    soon = now + max(floor, LOOK_FRACTION * (now - started_at))
    return dataclasses.replace(state, due=min(state.due, soon))


def is_over(role: Role, state: State) -> bool:
    """A start is proven once; what fails for good is restarted, and not asked again."""
    if role is Role.STARTUP:
        return state.verdict is not None
    return role is Role.LIVENESS and state.verdict is False


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of one probe; `counted`: it failed, and not as a mere look."""

    role: Role
    passed: bool
    message: str = ""
    counted: bool = False

    @property
    def sentence(self) -> str:
        """`Readiness probe failed: …`, as kubelets say it."""
        return f"{self.role.capitalize()} probe failed: {self.message}"


@dataclass(frozen=True, slots=True)
class Health:
    """What the probes of a run say, as levels. `started` and `ready` are None until it is known.

    `failed`: why the run must be restarted; empty if it must not. `proven`: it was found alive once.
    """

    started: bool | None = None
    ready: bool | None = None
    was_ready: bool = False
    proven: bool = False
    failed: str = ""
    answers: tuple[Answer, ...] = ()

    @property
    def passing(self) -> bool | None:
        """Whether readiness allows it; None: it is not known yet."""
        return self.ready if self.started else self.started

    def answer(self, role: Role) -> Answer | None:
        return next((one for one in self.answers if one.role is role), None)


UNKNOWN = Health()


def health(probes: Probes, states: dict[Role, State]) -> Health:
    """The levels of one run from the states of its probes."""
    answers = tuple(
        Answer(role, state.last, state.message, not state.last and state.failures > 0)
        for role in Role
        if (state := states.get(role)) is not None and state.last is not None
    )
    verdicts = {role: state.verdict for role, state in states.items()}
    passed = {role for role, state in states.items() if state.ever_passed}
    started = True if probes.startup is None else verdicts.get(Role.STARTUP)
    ready = True if probes.readiness is None else verdicts.get(Role.READINESS)
    return Health(
        started=started,
        ready=ready,
        was_ready=bool(started) and (probes.readiness is None or Role.READINESS in passed),
        proven=bool(started) and (probes.liveness is None or Role.LIVENESS in passed),
        failed=next((one.sentence for one in answers if _kills(one.role, states[one.role])), ""),
        answers=answers,
    )


def _kills(role: Role, state: State) -> bool:
    return role is not Role.READINESS and state.verdict is False
