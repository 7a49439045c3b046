// Loads the parts of the page that only Twitch knows, after the page, each for itself.
// Markup contract: [data-load] (the address); the answer is one [data-loaded], also when it is only a
// sentence ([data-no-answer], which is asked again some times). With [data-load-biggest] the first
// [data-switch] in it is opened when nothing plays ([data-nothing-plays]).
// Listens to "streamwatch:watching" on document; triggers "streamwatch:watch" with (url, {replace}).
(function ($) {
  "use strict";
  const TIMEOUT_MS = 15000; // Twitch may take 5 s, twice
  const AGAIN_MS = 3000;
  const MOST_TRIES = 4;
  const SORRY = "StreamWatch gave no answer. Load the page again in a moment.";

  function load(box) {
    if (box.dataset.tries === undefined) ask(box, 1);
  }

  function ask(box, tries) {
    box.dataset.tries = tries;
    const asked = $.ajax(box.dataset.load, { dataType: "html", timeout: TIMEOUT_MS });
    asked.always(function () {
      // It may have gone with a part of the page that was replaced.
      if (box.isConnected) answered(box, tries, asked);
    });
  }

  function answered(box, tries, asked) {
    const $loaded = StreamWatch.fragment(asked.responseText, "[data-loaded]");
    if (!$loaded.length) {
      $(box).find("p").text(StreamWatch.isLoggedOut(asked) ? "You are logged out." : SORRY);
      return;
    }
    $(box).empty().append($loaded);
    $(document).trigger("streamwatch:rows");
    if ($loaded.is("[data-no-answer]")) {
      if (tries < MOST_TRIES) setTimeout(() => box.isConnected && ask(box, tries + 1), AGAIN_MS * tries);
      return;
    }
    const first = box.querySelector("[data-switch]");
    if (first && "loadBiggest" in box.dataset && document.querySelector("[data-nothing-plays]")) {
      $(document).trigger("streamwatch:watch", [first.href, { replace: true }]);
    }
  }

  function loadAll() {
    document.querySelectorAll("[data-load]").forEach(load);
  }

  loadAll();
  $(document).on("streamwatch:watching streamwatch:rows", loadAll);
})(jQuery);
