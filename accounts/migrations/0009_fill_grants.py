from datetime import timedelta

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Mod
from django.utils import timezone


def fill(apps, schema_editor):
    """Validate those that are there within the hour, spread over it. Safe to run twice."""
    grants = apps.get_model("accounts", "Grant").objects
    grants.filter(granted_at=None).update(granted_at=F("updated_at"))
    now = timezone.now()
    active = grants.filter(state="active", due_at=None).alias(minute=Mod(F("pk"), 60))
    for minute in range(60):
        active.filter(minute=minute).update(due_at=now + timedelta(minutes=minute))


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_grant_ending_known'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
