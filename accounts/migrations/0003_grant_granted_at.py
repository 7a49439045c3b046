from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_grant_due_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='granted_at',
            field=models.DateTimeField(null=True),
        ),
    ]
