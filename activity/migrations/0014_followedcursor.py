import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0013_followercount'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FollowedCursor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('newest_at', models.DateTimeField()),
                ('taken', models.JSONField(default=list)),
                ('streamer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to='subscriptions.streamer')),
            ],
        ),
    ]
