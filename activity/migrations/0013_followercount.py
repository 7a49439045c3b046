import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0012_segment_viewers_readings'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FollowerCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('total', models.PositiveBigIntegerField()),
                ('as_of', models.DateTimeField()),
                ('base_total', models.PositiveBigIntegerField()),
                ('base_at', models.DateTimeField()),
                ('streamer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='follower_count', to='subscriptions.streamer')),
            ],
        ),
    ]
