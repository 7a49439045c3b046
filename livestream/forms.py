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


class TokenForm(forms.Form):
    """A new access token."""

    LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "no end"))

    name = forms.CharField(
        max_length=100,
        error_messages={
            "required": "Give it a name, so that you know later which program has it.",
            "max_length": "A name has at most 100 letters.",
        },
    )
    days = forms.ChoiceField(
        choices=LIFETIMES,
        required=False,
        initial="365",
        error_messages={"invalid_choice": "Choose one of these."},
    )

    def lifetime_days(self) -> int | None:
        """How long it works; None for ever."""
        days = str(self.cleaned_data["days"])
        return int(days) if days else None
