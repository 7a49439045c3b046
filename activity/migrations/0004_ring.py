from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0003_segment'),
    ]

    operations = [
        migrations.CreateModel(
            name='Ring',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, unique=True)),
                ('cursor', models.BigIntegerField(default=0)),
                ('round_began_at', models.DateTimeField(null=True)),
                ('round_seconds', models.FloatField(null=True)),
                ('period_seconds', models.FloatField(null=True)),
                ('due_at', models.DateTimeField()),
                ('spent_until', models.DateTimeField()),
                ('failures', models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
