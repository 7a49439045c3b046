from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0010_want_owner_kind_topic'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='eventsubwant',
            name='want_owner_kind_known',
        ),
    ]
