"""Secrets at rest: what lies encrypted in the database, with keys that can be rotated.

The first key of FIELD_ENCRYPTION_KEYS encrypts, all of them decrypt.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.test.signals import setting_changed


class Undecipherable(Exception):
    """None of the keys opens this value: its key was taken out of FIELD_ENCRYPTION_KEYS."""


@cache
def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def _forget_keys(*, setting: str, **_: object) -> None:
    if setting == "FIELD_ENCRYPTION_KEYS":
        _keys.cache_clear()


setting_changed.connect(_forget_keys)


def encrypt(plain: bytes) -> bytes:
    """Encrypted and authenticated, as ASCII."""
    return _keys().encrypt(plain)


def decrypt(sealed: bytes) -> bytes:
    """What `encrypt` was given.

    Raises:
        Undecipherable: no key fits.
    """
    try:
        return _keys().decrypt(sealed)
    except InvalidToken as error:
        raise Undecipherable("no key of FIELD_ENCRYPTION_KEYS opens this value") from error


class EncryptedTextField(models.TextField[str, str]):
    """Text that the database never sees. It cannot be searched for; "" stays ""."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return encrypt(str(prepared).encode()).decode() if prepared else prepared

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Called by Django for each value read."""
        return decrypt(value.encode()).decode() if value else value
