from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_grant_granted_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='ending',
            field=models.CharField(blank=True, choices=[('', 'not ended'), ('refused', 'Twitch refused the tokens'), ('revoked', 'taken back at Twitch'), ('withdrawn', 'withdrawn in the settings')], default='', max_length=16),
        ),
    ]
