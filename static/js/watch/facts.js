// Keeps true what is said of the streams that play, and the strip: asked every 20 s while the page is
// seen, and slower while it gets no answer.
// Markup contract: one [data-watch] with data-facts-url; the answer has a [data-facts data-login
// data-name data-live] for each stream, and the [data-strip].
// Listens to "streamwatch:watching" on document.
(function ($) {
  "use strict";
  const EVERY_MS = 20000;
  const SPREAD_MS = 4000; // many pages shall not ask in step
  const SLOWEST_MS = 120000;
  const TIMEOUT_MS = 15000;
  const watch = () => document.querySelector("[data-watch]");
  if (!watch()) return;
  let timer = null;
  let pending = null;
  let failures = 0;
  let isOut = false;

  function later(ms) {
    clearTimeout(timer);
    if (!isOut) timer = setTimeout(look, ms);
  }

  function look() {
    clearTimeout(timer);
    if (document.hidden) return; // Asked when it is seen again.
    if (pending) pending.abort();
    const mine = $.ajax(watch().dataset.factsUrl, { dataType: "html", timeout: TIMEOUT_MS });
    pending = mine;
    mine.always(function (_answer, outcome) {
      if (outcome === "abort" || mine !== pending) return;
      pending = null;
      take(mine);
      later(Math.min(EVERY_MS * 2 ** failures, SLOWEST_MS) + Math.random() * SPREAD_MS);
    });
  }

  function take(asked) {
    const $strip = StreamWatch.fragment(asked.responseText, "[data-strip]");
    if (StreamWatch.isLoggedOut(asked)) {
      isOut = true;
      StreamWatch.banner("You are logged out.", { login: true });
      return;
    }
    failures = $strip.length ? 0 : failures + 1;
    StreamWatch.banner(failures > 1 ? "Connection lost. What is said of the streams may be old." : "");
    if (!$strip.length) return;
    StreamWatch.fragment(asked.responseText, "[data-facts]").each((_, fresh) => put(fresh));
    const strip = document.querySelector("[data-strip]");
    const left = strip.scrollLeft;
    StreamWatch.bits.swap(strip, $strip[0]);
    $strip.scrollLeft(left);
  }

  function put(fresh) {
    const was = $("[data-slot] [data-facts]").filter((_, one) => one.dataset.login === fresh.dataset.login)[0];
    if (!was) return;
    if (was.dataset.live === "true" && fresh.dataset.live === "false") {
      StreamWatch.announce(fresh.dataset.name + "'s stream has ended");
    }
    StreamWatch.bits.swap(was, fresh);
  }

  look();
  $(document).on("streamwatch:watching", look);
  document.addEventListener("visibilitychange", look);
})(jQuery);
