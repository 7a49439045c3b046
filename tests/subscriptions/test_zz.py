from __future__ import annotations
from tests.subscriptions.test_reconciling import *
class Z(ReconcileCase):
    def test_z(self) -> None:
        self.reconcile()
        print(timezone.now(), settings.CAN_RECEIVE_WEBHOOKS)
        for r in rows(): print(r.__dict__)
        assert 0
