from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0007_segment_viewers_sum'),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='viewers_readings',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
