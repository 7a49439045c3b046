import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0008_activity_kind_checked'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Follow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('actor_twitch_id', models.CharField(max_length=32)),
                ('followed_at', models.DateTimeField()),
                ('taken_at', models.DateTimeField()),
                ('activity', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='activity.activity')),
                ('streamer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='subscriptions.streamer')),
            ],
            options={
                'indexes': [models.Index(fields=['taken_at'], name='follow_taken')],
                'constraints': [models.UniqueConstraint(fields=('actor_twitch_id', 'streamer', 'kind', 'followed_at'), name='follow_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['follower', 'follows'])), name='follow_kind_known')],
            },
        ),
    ]
