from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_grant_refresh_until'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='refresh_doubts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
