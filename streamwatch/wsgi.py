"""Pages, for a WSGI server (the web role)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")
# A WSGI thread keeps its connection; under ASGI it would be a new one each request.
os.environ.setdefault("DATABASE_CONN_MAX_AGE_SECONDS", "60")

application = get_wsgi_application()

from streamwatch.checks import refuse_wrong_database  # noqa: E402 -- apps are ready only now

refuse_wrong_database()
