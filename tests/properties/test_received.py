"""Laws of recognising messages: nothing breaks it, and no spelling turns one kind into another."""

from __future__ import annotations

from typing import get_args

from hypothesis import example, given
from hypothesis import strategies as st

from service.channels.received import AutomaticAnswer, DeliveryFailed, Recognised, Reply, recognise
from tests.channels import messages
from tests.channels.messages import LEAD, SEND

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)
bodies = st.one_of(st.just(messages.report()), st.just(messages.complaint()), st.just(messages.reply()))


@given(st.binary(max_size=2_000))
@example(b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n")
@example(b"From: =?utf-8?b?\xff?= <a@b>\r\nContent-Type: text/plain; charset=\xff\r\n\r\nx")
def test_no_bytes_break_it(raw: bytes) -> None:
    assert isinstance(recognise(raw), get_args(Recognised))


@given(bodies, st.data())
def test_no_damage_on_the_way_breaks_it(whole: bytes, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    damaged = whole[:begin] + data.draw(st.binary(max_size=20)) + whole[end:]
    assert isinstance(recognise(damaged), get_args(Recognised))


@given(words, st.sampled_from(["auto-replied", "auto-generated", "auto-notified", "AUTO-REPLIED; x=y"]))
def test_whatever_a_program_says_it_is_no_reply(said: str, submitted: str) -> None:
    assert isinstance(recognise(messages.reply(said, Auto_Submitted=submitted)), AutomaticAnswer)


@given(words)
def test_whatever_a_person_says_it_is_their_reply(said: str) -> None:
    found = recognise(messages.reply(said))
    assert isinstance(found, Reply)
    assert (found.sender, found.about) == (LEAD, (SEND,))
    assert found.words.split() == said.split()


@given(st.sampled_from([421, 450, 550, 551, 552, 553, 554]), words.map(lambda text: " ".join(text.split())))
def test_whatever_a_server_says_its_code_and_its_words_are_kept(code: int, said: str) -> None:
    ascii_words = said.encode("ascii", "ignore").decode()
    found = recognise(messages.report(diagnostic=f"smtp; {code} {ascii_words}"))
    assert isinstance(found, DeliveryFailed)
    assert found.code == code
    assert found.words.split() == f"{code} {ascii_words}".split()
