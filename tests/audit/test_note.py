"""Signed notes: as others write and read them."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from service.audit.note import Signer, checkpoint_text, signed, verifier_key
from service.audit.verify import Wrong, has_signed, key_of, signed_text

# The example in the documentation of Go's sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
GO_NOTE = f"{GO_TEXT}\n— PeterNeumann {GO_SIGNATURE}\n"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer("liftoff/test", 1, KEY)
PUBLIC = verifier_key("liftoff/test", KEY.public_key().public_bytes_raw())
NOTE = signed(checkpoint_text("liftoff/test", 3, bytes(32)), SIGNER)


def test_a_note_written_elsewhere_is_read() -> None:
    assert signed_text(GO_NOTE.encode(), [key_of(GO_KEY)]) == GO_TEXT


def test_a_key_is_written_as_elsewhere() -> None:
    assert verifier_key("PeterNeumann", key_of(GO_KEY).public) == GO_KEY


def test_a_checkpoint_is_origin_size_and_root_and_a_signature() -> None:
    assert NOTE.split("\n")[:4] == ["liftoff/test", "3", "A" * 43 + "=", ""]
    assert signed_text(NOTE.encode(), [key_of(PUBLIC)]) == checkpoint_text("liftoff/test", 3, bytes(32))


def test_signatures_of_others_are_ignored_unless_they_are_the_only_ones() -> None:
    other = signed("x\n", Signer("somebody/else", 1, Ed25519PrivateKey.generate())).rpartition("\n\n")[2]
    assert signed_text((NOTE + other).encode(), [key_of(PUBLIC)])
    with pytest.raises(Wrong, match="signed by no key"):
        signed_text(NOTE.encode(), [key_of(GO_KEY)])


def test_a_key_that_is_trusted_twice_is_trusted() -> None:
    assert signed_text(NOTE.encode(), [key_of(PUBLIC), key_of(PUBLIC)])


@pytest.mark.parametrize("place", range(0, len(NOTE.encode()), 7))
def test_a_note_with_another_byte_is_refused(place: int) -> None:
    changed = bytearray(NOTE.encode())
    changed[place] ^= 1
    with pytest.raises((Wrong, ValueError)):
        signed_text(bytes(changed), [key_of(PUBLIC)])


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+0+", "name+00000000+AQ==", GO_KEY.replace("c7", "c8"), GO_KEY.replace("+A", "+B")],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises((Wrong, ValueError)):
        key_of(text)


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 511), st.booleans())
def test_signatures_are_judged_as_the_library_judges_them(message: bytes, bit: int, changed: bool) -> None:
    signature = bytearray(KEY.sign(message))
    if changed:
        signature[bit // 8] ^= 1 << bit % 8
    public = KEY.public_key().public_bytes_raw()
    assert has_signed(public, message, bytes(signature)) == _by_the_library(public, message, bytes(signature))


def test_a_signature_is_not_accepted_in_a_second_form() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature, public = KEY.sign(b"text"), KEY.public_key().public_bytes_raw()
    larger = int.from_bytes(signature[32:], "little") + order
    assert has_signed(public, b"text", signature)
    assert not has_signed(public, b"text", signature[:32] + larger.to_bytes(32, "little"))
    assert not has_signed(public, b"text", signature + b"\0")
    assert not has_signed(b"\xff" * 32, b"text", signature)


def _by_the_library(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
