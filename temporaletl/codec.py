"""Can Temporal's operators read our payloads? Not when keys are set: AES-256-GCM, with rotation.

Payloads hold references, counts and cursors only; this is for teams whose rules ask for more.
"""

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import override

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from temporaletl.errors import ConfigurationError

_ENCODING = b"binary/encrypted"
_NONCE_BYTES = 12
_KEY_BYTES = 32


def parse_keys(text: str) -> dict[str, bytes]:
    """Keys of ``id:base64,id:base64`` in order; the first one encrypts, all decrypt.

    Raises ConfigurationError when there is none, or one is not an id of its own and 32 bytes of base64.
    """
    keys: dict[str, bytes] = {}
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for number, part in enumerate(parts, start=1):
        key_id, _, encoded = part.partition(":")
        key = _decode(encoded)
        if not key_id or key_id in keys or key is None or len(key) != _KEY_BYTES:
            # By its number: where the id was left out, what stands in its place is the key.
            raise ConfigurationError(
                f"TEMPORAL_CODEC_KEYS: key {number} must be an id of its own, a colon and "
                f"{_KEY_BYTES} bytes in base64"
            )
        keys[key_id] = key
    if not keys:
        raise ConfigurationError("TEMPORAL_CODEC_KEYS holds no key: write id:base64, or leave it out")
    return keys


def _decode(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return None


class EncryptionCodec(PayloadCodec):
    """Encrypts every payload with the first key, decrypts with the key that a payload names."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._first = next(iter(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @override
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    @override
    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(self._decrypt_all(payloads))

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": _ENCODING, "key-id": self._first.encode()}, data=nonce + sealed)

    def _decrypt_all(self, payloads: Iterable[Payload]) -> Iterable[Payload]:
        for payload in payloads:
            if payload.metadata.get("encoding") != _ENCODING:
                yield payload
                continue
            key_id = payload.metadata["key-id"].decode()
            if key_id not in self._ciphers:
                raise ConfigurationError(f"no key {key_id!r} in TEMPORAL_CODEC_KEYS: add it to read this")
            nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
            try:
                yield Payload.FromString(self._ciphers[key_id].decrypt(nonce, sealed, None))
            except InvalidTag as error:
                raise ConfigurationError(f"key {key_id!r} does not open this payload") from error
