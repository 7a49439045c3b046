from django.db import migrations
from django.db.models import TextField
from django.db.models.functions import Cast


def fill(apps, schema_editor):
    """Those that show followers, and dead ones that did. Safe to run twice."""
    grants = apps.get_model("accounts", "Grant").objects.alias(text=Cast("scopes", TextField()))
    grants.filter(text__contains='"moderator:read:followers"').update(showed_followers=True)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_grant_showed_followers'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
