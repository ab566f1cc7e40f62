"""The client of the model: what it asks, and what it makes of every way to answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from service.messages.llm import CONCURRENCY, MAX_ANSWER_BYTES, Llm, Question, Text
from tests.messages.llm_double import Asked, Cut, Fail, Garbage, Hang, LlmDouble, Reaction, Say

QUESTION = Question("Be brief.", "Write to Ada.")


async def test_a_question_is_asked_as_openai_s_api_has_it(llm: LlmDouble) -> None:
    answers = await Llm(llm.url + "/", "tiny", "sk-secret").ask([QUESTION])
    assert answers == [Text("Subject: Hello\n\nWritten for you.")]
    [asked] = llm.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer sk-secret"
    assert asked.body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Write to Ada."},
        ],
    }


async def test_a_model_without_a_key_is_sent_none(llm: LlmDouble) -> None:
    await Llm(llm.url, "tiny", None).ask([QUESTION])
    assert "authorization" not in llm.asked[0].headers


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        (Fail(500), "unavailable"),
        (Fail(503), "unavailable"),
        (Fail(429), "unavailable"),
        (Cut(), "unavailable"),
        (Fail(401), "refused"),
        (Fail(404), "refused"),
        (Garbage(b"<html>"), "unusable"),
        (Garbage(b"\xff\xfe"), "unusable"),
        (Garbage(b'{"choices": []}'), "unusable"),
        (Garbage(b'{"choices": [{"message": {"content": null}}]}'), "unusable"),
        (Garbage(b'"' + b"x" * (MAX_ANSWER_BYTES + 1)), "unusable"),
    ],
)
async def test_whatever_is_no_text_is_told_apart(llm: LlmDouble, reaction: Reaction, reason: str) -> None:
    llm.react = lambda _: reaction
    assert await Llm(llm.url, "tiny", None).ask([QUESTION]) == [reason]


async def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    async with LlmDouble() as gone:
        url = gone.url
    assert await Llm(url, "tiny", None).ask([QUESTION, QUESTION]) == ["unavailable", "unavailable"]


async def test_answers_come_in_the_order_of_the_questions(llm: LlmDouble) -> None:
    last = asyncio.Event()

    def react(asked: Asked) -> Reaction:
        if asked.user == "0":
            return Hang(last, "0")
        if asked.user == "3":
            last.set()
        return Say(asked.user)

    llm.react = react
    answers = await Llm(llm.url, "tiny", None).ask([Question("", str(number)) for number in range(4)])
    assert answers == [Text(str(number)) for number in range(4)]


async def test_what_is_not_answered_by_the_deadline_is_unavailable_and_the_rest_is_kept(
    llm: LlmDouble,
) -> None:
    never = asyncio.Event()
    llm.react = lambda asked: Hang(never) if asked.user == "slow" else Say("In time.")
    impatient = Llm(llm.url, "tiny", None, timedelta(seconds=0.5))
    answers = await impatient.ask([Question("", "slow"), Question("", "quick")])
    never.set()
    assert answers == ["unavailable", Text("In time.")]


async def test_no_more_questions_are_open_at_once_than_allowed(llm: LlmDouble) -> None:
    never = asyncio.Event()
    llm.react = lambda _: Hang(never)
    impatient = Llm(llm.url, "tiny", None, timedelta(seconds=0.5))
    answers = await impatient.ask([QUESTION] * (CONCURRENCY + 4))
    never.set()
    assert answers == ["unavailable"] * (CONCURRENCY + 4)
    assert len(llm.asked) == CONCURRENCY
