// Asks "Are you sure?" in the row itself; without it the link leads to a page that asks.
// Markup contract: links [data-unsubscribe data-name] in rows [data-subscription-id]; one template
// [data-unsubscribe-template] with a form [data-unsubscribe-form], in it [data-unsubscribe-name],
// [data-unsubscribe-problem] and [data-unsubscribe-keep]. 200 answers with subscriptions/_rows.html.
// Triggers "streamwatch:unsubscribed" on document with the rows.
(function ($) {
  "use strict";
  const TIMEOUT_MS = 10000;

  function close($row) {
    $row.find("[data-unsubscribe-form]").remove();
    $row.find("[data-unsubscribe]").attr("aria-expanded", "false");
  }

  function open($link) {
    const $row = $link.closest("[data-subscription-id]");
    if ($row.find("[data-unsubscribe-form]").length) {
      close($row);
      return;
    }
    const form = document.querySelector("[data-unsubscribe-template]").content.firstElementChild.cloneNode(true);
    form.action = $link.prop("href");
    $(form).find("[data-unsubscribe-name]").text($link.attr("data-name"));
    $row.append(form);
    $link.attr("aria-expanded", "true");
    // The harmless choice has the focus.
    $(form).find("[data-unsubscribe-keep]").trigger("focus");
  }

  function send(form) {
    const name = $(form).find("[data-unsubscribe-name]").text();
    const $button = $(form).find("[type=submit]").prop("disabled", true);
    const sent = $.ajax(form.action, {
      method: "POST",
      data: $(form).serialize(),
      dataType: "html",
      timeout: TIMEOUT_MS,
    });
    sent.always(function () {
      $button.prop("disabled", false);
      // 404: it is gone already, in another tab perhaps. Reading the rows anew shows that.
      const isGone = sent.status === 404;
      if (!isGone && !StreamWatch.fragment(sent.responseText, "[data-subscription-list]").length) {
        return refused(form, sent);
      }
      $(document).trigger("streamwatch:unsubscribed", [isGone ? null : sent.responseText]);
      StreamWatch.toast("Unsubscribed from " + name);
      $("[data-subscriptions-heading]").trigger("focus");
    });
  }

  function refused(form, xhr) {
    const out = StreamWatch.isLoggedOut(xhr);
    if (out) StreamWatch.banner("You are logged out.", { login: true });
    $(form)
      .find("[data-unsubscribe-problem]")
      .text(out ? "You are logged out." : "StreamWatch gave no answer. Try again in a moment.")
      .prop("hidden", false);
  }

  $(document).on("click", "[data-unsubscribe]", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open($(this));
  });
  $(document).on("submit", "[data-unsubscribe-form]", function (event) {
    event.preventDefault();
    send(this);
  });
  $(document).on("click", "[data-unsubscribe-keep]", function () {
    const $row = $(this).closest("[data-subscription-id]");
    close($row);
    $row.find("[data-unsubscribe]").trigger("focus");
  });
  $(document).on("keydown", "[data-unsubscribe-form]", function (event) {
    if (event.key === "Escape") $(this).find("[data-unsubscribe-keep]").trigger("click");
  });
})(jQuery);
