"""Whether a restored database keeps the service from sending: part of its readiness."""

from __future__ import annotations

from service.http.health import Finding
from service.setbacks.marks import Setbacks


class SetbackProbe:
    """Looks for a setback that nobody has accepted."""

    name = "restore"

    def __init__(self, setbacks: Setbacks) -> None:
        self._setbacks = setbacks

    async def examine(self) -> Finding:
        """Look at the marks of the database."""
        if await self._setbacks.all_accepted():
            return Finding(ok=True, detail="nothing to accept")
        return Finding(
            ok=False,
            detail="the database was restored to an earlier state, and nothing is sent until that is accepted: "
            "see 'liftoff restore status', then 'liftoff restore accept'",
        )
