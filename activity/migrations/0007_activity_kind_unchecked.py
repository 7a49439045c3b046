from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('activity', '0006_activity_kind_follows'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='activity',
            name='activity_kind_known',
        ),
    ]
