"""Every way the service says no, once: the source of the problem pages, of the statuses and of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.http.campaign_problems import CAMPAIGN_PROBLEMS, LAUNCH_PROBLEMS
from service.http.problem_type import ProblemType
from service.http.request_problems import REQUEST_PROBLEMS

PROBLEMS: Final[Mapping[str, ProblemType]] = {
    problem.code: problem for problem in (*REQUEST_PROBLEMS, *CAMPAIGN_PROBLEMS, *LAUNCH_PROBLEMS)
}
