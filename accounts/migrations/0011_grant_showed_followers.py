from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_moderation'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='showed_followers',
            field=models.BooleanField(default=False),
        ),
    ]
