"""The episodes of one alert: what they are called, and whose turn it is to have a workflow run.

Of one alert at most one workflow runs at a time, over episodes and phases. Episode 0 holds which of the later ones took
the last turn, and is written by compare-and-swap, so two never take it. Nobody gives a turn back: whoever wants the
next one looks whether the last is over.
"""

from typing import NamedTuple

from aegis.lifecycle.match import is_settling
from aegis.models.alert import AegisAlert, Turn
from aegis.models.states import Phase
from aegis.names import alert_name


def name_of(alert: AegisAlert, episode: int) -> str:
    """The name of another episode of an alert."""
    spec = alert.spec
    return alert_name(source=spec.source, alert_type=spec.type, fingerprint=spec.fingerprint, episode=episode)


def is_episode(alert: AegisAlert) -> bool:
    """Whether an alert is an episode as the intake names them; one made by hand is by itself."""
    return alert.metadata.name == name_of(alert, alert.spec.episode)


class Series(NamedTuple):
    """An alert's episodes, as one of them sees them; an episode that was deleted is none."""

    own: AegisAlert
    first: AegisAlert
    """Episode 0, which may be this one."""
    holder: AegisAlert | None = None
    """The one that took the last turn, which may be this one; none also where only episode 0 had workflows."""
    newest: AegisAlert | None = None
    """The newest, which may be this one."""

    @property
    def is_taken(self) -> bool:
        """Whether this attempt of this phase has the turn; episode 0 takes it by being matched."""
        turn, own = self.first.status.turn, self.own
        if own.spec.episode == 0:
            return True
        wanted = own.spec.episode, own.phase, own.status.record(own.phase).attempt
        return turn is not None and (turn.episode, turn.phase, turn.attempt) == wanted

    @property
    def turn(self) -> Turn:
        """The turn as this phase of this episode takes it."""
        own = self.own
        attempt = own.status.record(own.phase).attempt
        return Turn(episode=own.spec.episode, phase=own.phase, attempt=attempt, owes=self.owes_undo)

    @property
    def fires_again(self) -> bool:
        """Whether a newer episode fires, or took a turn since."""
        turn, number = self.first.status.turn, self.own.spec.episode
        newer = self.newest is not None and self.newest.spec.episode > number
        fires = newer and self.newest is not None and self.newest.phase is Phase.FIRING
        return fires or (turn is not None and turn.episode > number)

    def under_way(self, *, now: str) -> AegisAlert | None:
        """The other episode that must come to an end first."""
        first, turn = self.first, self.first.status.turn
        if not self._is_own(first) and any(_may_run(first, phase, now=now) for phase in Phase):
            return first
        if turn is None or self.holder is None or self._is_own(self.holder):
            return None
        record = self.holder.status.record(turn.phase)
        is_to_come = record.is_undecided and self.holder.phase is turn.phase
        return self.holder if is_to_come or _may_run(self.holder, turn.phase, now=now) else None

    @property
    def owes_undo(self) -> bool:
        """Whether a repair was made that nothing has undone."""
        turn, records = self.first.status.turn, self.first.status
        if turn is None:
            return records.firing.ever_had_workflow and not records.resolved.has_workflow
        made = self.holder is not None and self.holder.status.record(turn.phase).ever_had_workflow
        return made or turn.owes if turn.phase is Phase.FIRING else turn.owes and not made

    def _is_own(self, alert: AegisAlert) -> bool:
        return alert.spec.episode == self.own.spec.episode


def _may_run(alert: AegisAlert, phase: Phase, *, now: str) -> bool:
    """Whether a workflow of this phase is to be made, runs, or may be there although its match was cancelled."""
    record = alert.status.record(phase)
    return record.is_under_way or is_settling(record, now=now)
