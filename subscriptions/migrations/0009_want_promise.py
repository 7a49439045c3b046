from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0008_listreading'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='eventsubwant',
            index=models.Index(fields=['type', 'condition_key', 'subject_id', 'until'], name='want_promise'),
        ),
    ]
