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


def parse_keys(text: str) -> dict[str, bytes]:
    """Keys of ``id:base64,id:base64`` in order; the first one encrypts, all decrypt.

    Raises ConfigurationError when a key is not 32 bytes of base64.
    """
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ConfigurationError(f"TEMPORAL_CODEC_KEYS: key {key_id!r} is not base64") from error
        if len(key) != 32 or not key_id:
            raise ConfigurationError(f"TEMPORAL_CODEC_KEYS: key {key_id!r} must be id:<32 bytes in base64>")
        keys[key_id] = key
    return keys


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
