"""Examples of filling a template."""

from __future__ import annotations

import pytest

from domain.templating import (
    Unresolved,
    Variable,
    lead_values,
    named_values,
    parse,
    render,
    render_subject,
    variables,
)

ANN = lead_values(
    {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "company": "",
        "custom_fields": {"plan": "Gold", "Seat Count": 7, "tags": ["a"], "blank": "  "},
    }
)


def filled(text: str) -> str:
    return render(parse(text), ANN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{first_name}}!", "Hello Ann!"),
        ("Hello {{ First_Name }}!", "Hello Ann!"),
        ("Hello %first_name%!", "Hello Ann!"),
        ("Hello %FIRST_NAME%!", "Hello Ann!"),
        ("{{company|your company}}", "your company"),
        ("{{company | your company }}", "your company"),
        ("{{company|}}.", "."),
        ("{{first_name|friend}}", "Ann"),
        ("{{custom_fields.plan}} for {{custom_fields.Seat Count}}", "Gold for 7"),
        ("{{custom_fields. plan }}", "Gold"),
        ("%custom_fields.plan%", "Gold"),
        ("{{name}}", "Ann Lee"),
        ("{{{first_name}}}", "{Ann}"),
    ],
)
def test_a_variable_is_filled_with_the_value_of_the_lead_or_its_fallback(text: str, expected: str) -> None:
    assert filled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "50% off, 100% sure",
        "a{b}c",
        "{ {first_name} }",
        "https://x.example/?q=%20a%20",
        "{{",
        "%name",
        "{{a{b}}",
    ],
)
def test_what_is_no_variable_stays_as_it_is(text: str) -> None:
    assert filled(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{company}}", "company"),
        ("{{foo}}", "foo"),
        ("{{ Foo.Bar }}", "Foo.Bar"),
        ("{{first name}}", "first name"),
        ("{{}}", ""),
        ("{{custom_fields.tags}}", "custom_fields.tags"),
        ("{{custom_fields.blank}}", "custom_fields.blank"),
        ("{{custom_fields.PLAN}}", "custom_fields.PLAN"),
    ],
)
def test_a_variable_without_value_and_fallback_is_unresolved(text: str, name: str) -> None:
    with pytest.raises(Unresolved) as refusal:
        filled(text)
    assert refusal.value.variable == name
    assert refusal.value.code == "unresolved-variable"
    assert refusal.value.evidence == {"variable": name}


def test_a_value_that_looks_like_a_variable_is_not_expanded() -> None:
    sly = {"first_name": "{{email}} %email%", "email": "secret@example.com"}
    assert render(parse("Hi {{first_name}}"), sly) == "Hi {{email}} %email%"


def test_a_subject_stays_on_one_line() -> None:
    sly = {"first_name": "Ann\r\nBcc: all@example.com"}
    assert render_subject(parse("Hi\n{{first_name}}\n"), sly) == "Hi Ann Bcc: all@example.com"


def test_the_variables_of_a_text_are_those_without_fallback() -> None:
    assert variables("{{first_name}} {{company|x}} %headline% {{first_name}}") == {"first_name", "headline"}


def test_a_fallback_may_hold_a_bar() -> None:
    assert parse("{{company|a|b}}").parts == (Variable("company", "a|b"),)


def test_the_lead_is_given_its_fields_and_its_custom_fields_together() -> None:
    ann = {"first_name": " Ann ", "last_name": "Lee", "phone": "1", "custom_fields": {" plan ": "Gold"}}
    assert lead_values(ann) == {
        "first_name": "Ann",
        "last_name": "Lee",
        "name": "Ann Lee",
        "custom_fields.plan": "Gold",
    }
    assert lead_values({"first_name": "Ann"})["name"] == "Ann"


def test_custom_fields_that_are_no_fields_have_no_values() -> None:
    assert lead_values({"custom_fields": ["plan"]}) == lead_values({"custom_fields": "plan"}) == {}


def test_a_given_name_is_not_replaced_by_first_and_last_name() -> None:
    assert lead_values({"name": "Dr Lee", "first_name": "Ann", "last_name": "Lee"})["name"] == "Dr Lee"
    assert lead_values({"last_name": "Lee"})["name"] == "Lee"
    assert lead_values({"name": None, "custom_fields": None}) == {}


def test_only_texts_and_numbers_are_values() -> None:
    custom = {"seats": 7, "price": 1.5, "vip": True, "tags": ["a"], "owner": None, "no|name": "x"}
    assert lead_values({"custom_fields": custom}) == {
        "custom_fields.seats": "7",
        "custom_fields.price": "1.5",
    }


@pytest.mark.parametrize(
    ("fields", "custom", "named"),
    [
        ((), (), ()),
        (("email",), (), ("email",)),
        (("email", "last_name"), ("plan",), ("email", "last_name", "custom_fields.plan", "name")),
        (("email", "first_name", "name"), (), ("email", "first_name", "name")),
        (("nickname",), ("two }} braces", " Seat Count "), ("custom_fields.Seat Count",)),
    ],
)
def test_the_fields_that_are_known_name_the_variables_that_have_a_value(
    fields: tuple[str, ...], custom: tuple[str, ...], named: tuple[str, ...]
) -> None:
    assert named_values(fields, custom) == named
    known = dict.fromkeys(fields, "known") | {"custom_fields": dict.fromkeys(custom, "known")}
    assert tuple(lead_values(known)) == named
