"""What people type or send on the pages of topics."""

from __future__ import annotations

from django import forms


class AllowForm(forms.Form):
    """Which scopes to ask for, and where to go on."""

    scopes = forms.CharField(max_length=2000, required=False)
    next = forms.CharField(max_length=2000, required=False)

    def wanted(self) -> list[str]:
        """The scopes, each a word; none where there is nonsense."""
        return str(self.cleaned_data["scopes"]).split() if self.is_valid() else []

    def back(self) -> str:
        """Where to go on, as it was sent."""
        return str(self.cleaned_data["next"]) if self.is_valid() else ""
