from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_grant_refresh_claim'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='refresh_until',
            field=models.DateTimeField(null=True),
        ),
    ]
