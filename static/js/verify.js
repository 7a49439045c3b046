// Opens "Is this the one?" below the search box and subscribes from there; without it both are pages.
// Markup contract: links [data-candidate]; the answer is one [data-verify] with
// [data-verify-heading], a form [data-verify-form data-name], and links [data-verify-back],
// [data-verify-again], [data-verify-close]. 201 answers with subscriptions/_rows.html, a problem
// (404, 422, 503) with the same [data-verify] and what is wrong in it.
// Triggers "streamwatch:subscribed" on document with the rows.
(function ($) {
  "use strict";
  // Twitch may take 5 s, twice.
  const TIMEOUT_MS = 15000;
  let pending = null;

  function plain(event) {
    return !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
  }

  function showVerify(html) {
    const $verify = StreamWatch.fragment(html, "[data-verify]");
    if (!$verify.length) return false;
    StreamWatch.searchPanel.show($verify);
    const $problem = $verify.find("[role=alert]");
    const $subscribe = $verify.find("[data-verify-form] [type=submit]");
    // After a refusal the way on is the button that carries the problem as its description.
    ($problem.length && $subscribe.length ? $subscribe : $verify.find("[data-verify-heading]")).trigger("focus");
    return true;
  }

  function failed(xhr, outcome) {
    if (outcome === "abort") return;
    if (StreamWatch.isLoggedOut(xhr)) {
      StreamWatch.searchPanel.close();
      StreamWatch.banner("You are logged out.", { login: true });
    } else if (!showVerify(xhr.responseText)) {
      StreamWatch.searchPanel.fail("StreamWatch gave no answer. Try again in a moment.");
    }
  }

  function open(href) {
    if (pending) pending.abort();
    const mine = $.ajax(href, { dataType: "html", timeout: TIMEOUT_MS });
    pending = mine;
    mine.always(function (_answer, outcome) {
      if (outcome === "success" && showVerify(mine.responseText)) return;
      failed(mine, outcome);
    });
  }

  function subscribed(html, name) {
    StreamWatch.searchPanel.clear();
    $(document).trigger("streamwatch:subscribed", [html]);
    StreamWatch.toast("Subscribed to " + name);
    $("[data-subscriptions-heading]").trigger("focus");
  }

  $(document).on("click", "[data-candidate], [data-verify-again]", function (event) {
    if (!plain(event)) return;
    event.preventDefault();
    $(this).attr("aria-busy", "true");
    open(this.href);
  });
  $(document).on("click", "[data-verify-back]", function (event) {
    if (!plain(event) || !$(this).closest("[data-search-panel]").length) return;
    event.preventDefault();
    StreamWatch.searchPanel.back();
  });
  $(document).on("click", "[data-verify-close]", function (event) {
    if (!plain(event) || !$(this).closest("[data-search-panel]").length) return;
    event.preventDefault();
    StreamWatch.searchPanel.clear();
    $("[data-subscriptions-heading]").trigger("focus");
  });
  $(document).on("submit", "[data-verify-form]", function (event) {
    event.preventDefault();
    const form = this;
    const $button = $(form).find("[type=submit]").prop("disabled", true);
    const sent = $.ajax(form.action, {
      method: "POST",
      data: $(form).serialize(),
      dataType: "html",
      timeout: TIMEOUT_MS,
    });
    sent.always(function (_answer, outcome) {
      $button.prop("disabled", false);
      if (sent.status === 201) return subscribed(sent.responseText, form.dataset.name);
      failed(sent, outcome);
    });
  });
})(jQuery);
