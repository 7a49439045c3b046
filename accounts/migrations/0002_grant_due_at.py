from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='due_at',
            field=models.DateTimeField(db_index=True, null=True),
        ),
    ]
