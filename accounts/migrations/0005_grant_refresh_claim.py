from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_grant_ending'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='refresh_claim',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
    ]
