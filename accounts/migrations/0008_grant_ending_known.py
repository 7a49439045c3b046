from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_grant_refresh_doubts'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('ending__in', ['', 'refused', 'revoked', 'withdrawn'])), name='grant_ending_known'),
        ),
    ]
