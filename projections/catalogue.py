"""All read models."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from projections.campaigns import CAMPAIGNS
from projections.leads import LEADS
from projections.projection import Projection
from projections.senders import SENDERS
from projections.suppressions import SUPPRESSIONS

AnyProjection: TypeAlias = Projection[Any, Any, Any]

ALL: Final[tuple[AnyProjection, ...]] = (LEADS, CAMPAIGNS, SENDERS, SUPPRESSIONS)
