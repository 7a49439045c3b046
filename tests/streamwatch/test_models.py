"""Leases, and encryption at rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.test import TestCase, override_settings
from django.utils import timezone

from streamwatch.encryption import Undecipherable, decrypt, encrypt
from streamwatch.models import Lease

MINUTE = timedelta(minutes=1)


class LeaseTests(TestCase):
    def test_only_one_has_it(self) -> None:
        first = Lease.objects.take("work", lifetime=MINUTE)
        assert first
        assert Lease.objects.take("work", lifetime=MINUTE) == ""

    def test_another_name_is_another_lease(self) -> None:
        assert Lease.objects.take("work", lifetime=MINUTE)
        assert Lease.objects.take("other work", lifetime=MINUTE)

    def test_it_ends_by_itself(self) -> None:
        Lease.objects.take("work", lifetime=MINUTE)
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
        assert Lease.objects.take("work", lifetime=MINUTE)

    def test_it_can_be_given_back(self) -> None:
        token = Lease.objects.take("work", lifetime=MINUTE)
        Lease.objects.give_back("work", token)
        assert Lease.objects.take("work", lifetime=MINUTE)

    def test_only_its_holder_can_give_it_back(self) -> None:
        Lease.objects.take("work", lifetime=MINUTE)
        Lease.objects.give_back("work", "somebody else")
        assert Lease.objects.take("work", lifetime=MINUTE) == ""


class EncryptionTests(TestCase):
    def test_what_was_encrypted_can_be_read(self) -> None:
        sealed = encrypt("häßlich 🎉".encode())
        assert decrypt(sealed).decode() == "häßlich 🎉"
        assert b"lich" not in sealed

    def test_a_new_first_key_writes_and_the_old_one_still_reads(self) -> None:
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        with override_settings(FIELD_ENCRYPTION_KEYS=[old]):
            sealed_before = encrypt(b"before")
        with override_settings(FIELD_ENCRYPTION_KEYS=[new, old]):
            assert decrypt(sealed_before) == b"before"
            sealed_after = encrypt(b"after")
        with override_settings(FIELD_ENCRYPTION_KEYS=[new]):
            assert decrypt(sealed_after) == b"after"
            with pytest.raises(Undecipherable):
                decrypt(sealed_before)
