"""Payload encryption: sealed by the first key, opened by any, and never a key in a message."""

import base64
from collections.abc import Sequence

import pytest
from temporalio.api.common.v1 import Payload

from temporaletl.codec import EncryptionCodec, parse_keys
from temporaletl.errors import ConfigurationError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PAYLOADS = [Payload(metadata={"encoding": b"json/plain"}, data=b'"cursor"'), Payload(data=b"")]


def spell(key: bytes) -> str:
    return base64.b64encode(key).decode()


def codec(*keys: tuple[str, bytes]) -> EncryptionCodec:
    return EncryptionCodec(parse_keys(",".join(f"{name}:{spell(key)}" for name, key in keys)))


async def seal(*keys: tuple[str, bytes]) -> Sequence[Payload]:
    return await codec(*keys).encode(PAYLOADS)


async def test_what_is_sealed_can_be_opened_and_not_be_read() -> None:
    sealed = await seal(("k1", OLD))

    assert await codec(("k1", OLD)).decode(sealed) == PAYLOADS
    assert b"cursor" not in b"".join(payload.SerializeToString() for payload in sealed)


async def test_the_same_payload_is_never_sealed_alike() -> None:
    assert (await seal(("k1", OLD)))[0].data != (await seal(("k1", OLD)))[0].data


async def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens() -> None:
    before = await seal(("k1", OLD))
    rotated = codec(("k2", NEW), ("k1", OLD))

    assert await rotated.decode(before) == PAYLOADS
    assert [payload.metadata["key-id"] for payload in await rotated.encode(PAYLOADS)] == [b"k2", b"k2"]


async def test_what_was_written_before_there_were_keys_is_read_as_it_is() -> None:
    assert await codec(("k1", OLD)).decode(PAYLOADS) == PAYLOADS


async def test_a_key_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no key 'k1' in TEMPORAL_CODEC_KEYS"):
        await codec(("k2", NEW)).decode(await seal(("k1", OLD)))


@pytest.mark.parametrize("change", ["key", "data"])
async def test_a_payload_that_the_key_does_not_open_is_refused(change: str) -> None:
    [first, _] = await seal(("k1", OLD))
    if change == "data":
        first.data = first.data[:-1] + bytes([first.data[-1] ^ 1])

    with pytest.raises(ConfigurationError, match="key 'k1' does not open this payload"):
        await codec(("k1", NEW if change == "key" else OLD)).decode([first])


def test_the_first_key_is_the_one_that_seals() -> None:
    keys = parse_keys(f" k2:{spell(NEW)} , k1:{spell(OLD)},")

    assert list(keys.items()) == [("k2", NEW), ("k1", OLD)]


@pytest.mark.parametrize(
    "text",
    [
        spell(OLD),
        f":{spell(OLD)}",
        f"k1:{spell(OLD)[:-4]}",
        f"k1:{spell(OLD)}!",
        f"k1:{spell(OLD)},{spell(NEW)}",
        f"k1:{spell(OLD)},k1:{spell(NEW)}",
        f"{spell(OLD)}:k1",
        "",
        " , ",
    ],
)
def test_keys_that_are_wrong_are_refused_without_being_said(text: str) -> None:
    with pytest.raises(ConfigurationError, match="TEMPORAL_CODEC_KEYS") as refused:
        parse_keys(text)

    said = f"{refused.value} {refused.value.__cause__}"
    assert [part for key in (OLD, NEW) for part in (spell(key)[:12],) if part in said] == []
