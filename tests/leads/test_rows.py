"""What a lead is said to have is what it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.leads.rows import LeadFields, new_lead

texts = st.none() | st.text(max_size=5) | st.just("Ada")
keys = st.text("ab .|{}", min_size=1, max_size=4)


@given(
    texts, texts, texts, st.none() | st.dictionaries(keys, texts | st.integers() | st.booleans(), max_size=4)
)
def test_the_fields_of_a_lead_are_the_variables_that_have_a_value(
    first_name: str | None,
    name: str | None,
    company: str | None,
    custom: dict[str, str | int | float | bool | None] | None,
) -> None:
    fields = LeadFields(
        email="ada@x.example", first_name=first_name, name=name, company=company, custom_fields=custom
    )

    lead = new_lead("email", fields)

    assert lead.fields == tuple(lead.profile.values())
