from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0005_absence'),
    ]

    operations = [
        migrations.AlterField(
            model_name='activity',
            name='kind',
            field=models.CharField(choices=[('online', 'went live'), ('offline', 'went offline'), ('changed', 'changed title or category'), ('renamed', 'was renamed'), ('raid_in', 'was raided'), ('raid_out', 'raided'), ('follower', 'was followed'), ('follows', 'followed somebody')], max_length=16),
        ),
    ]
