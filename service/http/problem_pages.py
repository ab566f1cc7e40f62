"""``/problems/``: a page for every kind of problem, so that its ``type`` leads to an explanation."""

from __future__ import annotations

from html import escape

from litestar import Response, Router, get
from litestar.params import FromPath

from service.http.catalogue import PROBLEMS
from service.http.launch_table import LAUNCH_TABLE
from service.http.pages import as_response, code, link, listing, page, prose, table
from service.http.problem_type import ProblemType
from service.http.problems import Problem


@get("/", sync_to_thread=False)
def list_problems() -> Response[bytes]:
    """All kinds of problems."""
    rows = [
        [link(problem.path, problem.code), str(problem.status), escape(problem.title)]
        for problem in sorted(PROBLEMS.values())
    ]
    return as_response(
        page(
            "Problems",
            "<p>Every error answer names one of these.</p>",
            table(["Code", "Status", "Meaning"], rows),
        )
    )


@get("/{name:str}", sync_to_thread=False)
def show_problem(name: FromPath[str]) -> Response[bytes]:
    """One kind of problem. Raises ``Problem`` ``not-found``."""
    problem = PROBLEMS.get(name)
    if problem is None:
        raise Problem.not_found()
    return as_response(_page_of(problem))


problem_pages = Router("/problems", route_handlers=[list_problems, show_problem])


def _page_of(problem: ProblemType) -> bytes:
    return page(
        problem.title,
        f"<p>{code(problem.code)}, answered with status {problem.status}</p>",
        f"<h2>What it means</h2><p>{escape(problem.explanation)}</p>",
        f"<h2>What to do</h2><p>{escape(problem.remedy)}</p>",
        _example_of(problem),
        f"<p>{link('/problems/', 'All problems')} · {link('/docs', 'The API')}</p>",
    )


def _example_of(problem: ProblemType) -> str:
    """How a launch provokes it, if one can."""
    row = LAUNCH_TABLE.get(problem.code)
    if row is None:
        return ""
    kept = f"Events that stay in the history: {', '.join(f'`{each}`' for each in row.leaves)}."
    return (
        f"<h2>Example</h2>{prose(f'A launch is answered like this because of {row.provoked_by}:')}"
        f"{listing(row.example)}{prose(kept) if row.leaves else ''}"
    )
