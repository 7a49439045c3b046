from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0002_eventsubsubscription_replacement_id'),
    ]

    operations = [
        migrations.AddField(
            model_name='eventsubsubscription',
            name='has_place',
            field=models.BooleanField(default=True),
        ),
    ]
