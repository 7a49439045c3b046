from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0005_absence'),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='viewers_peak',
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
