import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0004_ring'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream_id', models.CharField(max_length=64)),
                ('noticed_at', models.DateTimeField()),
                ('streamer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to='subscriptions.streamer')),
            ],
        ),
    ]
