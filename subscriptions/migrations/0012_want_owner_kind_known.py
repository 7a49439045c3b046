from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0011_remove_want_owner_kind_known'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='eventsubwant',
            constraint=models.CheckConstraint(condition=models.Q(('owner_kind__in', ['subscription', 'grant', 'application', 'topic'])), name='want_owner_kind_known'),
        ),
    ]
