from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='eventsubsubscription',
            name='replacement_id',
            field=models.CharField(blank=True, max_length=64, default=''),
            preserve_default=False,
        ),
    ]
