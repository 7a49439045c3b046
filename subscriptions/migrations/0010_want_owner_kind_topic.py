from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0009_want_promise'),
    ]

    operations = [
        migrations.AlterField(
            model_name='eventsubwant',
            name='owner_kind',
            field=models.CharField(choices=[('subscription', 'subscription'), ('grant', 'grant'), ('application', 'application'), ('topic', 'topic')], max_length=20),
        ),
    ]
