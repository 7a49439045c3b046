from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0006_segment_viewers_peak'),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='viewers_sum',
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
