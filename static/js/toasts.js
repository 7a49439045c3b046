// Short notes in the corner, which go by themselves; errors stay until they are closed.
// Markup contract: one [data-toasts] (role=status) with server-rendered [data-toast] and a
// template [data-toast-template] that holds a [data-toast] with [data-toast-text].
// Offers: StreamWatch.toast(text, tone), tone being "success" or "error".
(function ($) {
  "use strict";
  const SHOWN_MS = 6000;
  const $toasts = $("[data-toasts]");

  function show(element) {
    const stays = element.dataset.tone === "error";
    const toast = bootstrap.Toast.getOrCreateInstance(element, { autohide: !stays, delay: SHOWN_MS });
    element.addEventListener("hidden.bs.toast", () => element.remove());
    toast.show();
  }

  function toast(text, tone) {
    const element = document.querySelector("[data-toast-template]").content.firstElementChild.cloneNode(true);
    element.dataset.tone = tone || "success";
    $(element).find("[data-toast-text]").text(text);
    $toasts.append(element);
    show(element);
  }

  $toasts.find("[data-toast]").each((_, element) => show(element));
  window.StreamWatch.toast = toast;
})(jQuery);
