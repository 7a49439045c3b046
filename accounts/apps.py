"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Viewers"

    def ready(self) -> None:
        """Tell allauth where Twitch is, and lead the admin's login there too."""
        from allauth.account.decorators import secure_admin_login
        from allauth.account.views import LoginView
        from allauth.socialaccount.providers.twitch.views import TwitchOAuth2Adapter
        from django.conf import settings
        from django.contrib import admin

        from accounts.code_exchange import CodeExchange
        from accounts.forms import NoLoginForm

        # Its own are written into the class, and no setting of allauth's reaches them.
        TwitchOAuth2Adapter.access_token_url = f"{settings.TWITCH_AUTH_URL}/token"
        TwitchOAuth2Adapter.authorize_url = f"{settings.TWITCH_AUTH_URL}/authorize"
        TwitchOAuth2Adapter.profile_url = f"{settings.TWITCH_API_URL}/users"
        TwitchOAuth2Adapter.client_class = CodeExchange
        LoginView.form_class = NoLoginForm
        admin.site.login = secure_admin_login(  # type: ignore[method-assign]
            admin.site.login
        )
