from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0007_activity_kind_unchecked'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['online', 'offline', 'changed', 'renamed', 'raid_in', 'raid_out', 'follower', 'follows'])), name='activity_kind_known'),
        ),
    ]
