from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0007_want_owner_kind_known'),
    ]

    operations = [
        migrations.CreateModel(
            name='ListReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cursor', models.CharField(blank=True, max_length=1000)),
                ('pages', models.PositiveIntegerField(default=0)),
                ('began_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField()),
                ('failures', models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
