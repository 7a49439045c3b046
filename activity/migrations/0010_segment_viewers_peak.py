from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0009_follow'),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='viewers_peak',
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
