// What the other scripts share: announcements, the banner, reading our own fragments, broken pictures.
// Markup contract: one [data-announcer] (aria-live); on pages with a banner one [data-banner] with
// [data-banner-text] and [data-banner-login]; pictures stand in [data-avatar] above a letter.
// Offers: StreamWatch.announce(text, many, about), .banner(text, {login}), .fragment(html, selector), .isLoggedOut(xhr).
(function ($) {
  "use strict";
  const GATHER_MS = 700;
  const FORGET_MS = 10000;
  const PAGE = /^\s*<!doctype/i;
  const waiting = [];
  let timer = null;

  // One region for the whole page. What comes within a moment is said in one go, and many things
  // are counted, so that a busy minute is not read out row by row. What is new about the same thing
  // (a key) takes the place of what has not been said yet, and does not put it off.
  function announce(text, many, about) {
    const words = text.replace(/\s+/g, " ").trim();
    const same = about && waiting.find((said) => said.about === about);
    if (same) {
      same.text = words;
      return;
    }
    waiting.push({ text: words, many: many || "", about: about || "" });
    clearTimeout(timer);
    timer = setTimeout(say, GATHER_MS);
  }

  function say() {
    const counted = waiting.filter((said) => said.many);
    const told = waiting.filter((said) => !said.many || counted.length < 3).map((said) => said.text);
    if (counted.length >= 3) told.push(counted.length + " " + counted[0].many);
    waiting.length = 0;
    $("[data-announcer]").text(told.join(". "));
    timer = setTimeout(() => $("[data-announcer]").text(""), FORGET_MS);
  }

  function banner(text, options) {
    const $banner = $("[data-banner]");
    const shown = !$banner.prop("hidden") && $banner.find("[data-banner-text]").text();
    if (text && text !== shown) announce(text);
    $banner.find("[data-banner-text]").text(text);
    $banner.find("[data-banner-login]").prop("hidden", !(options && options.login));
    $banner.prop("hidden", !text);
  }

  // The elements matching `selector` at the top of one of our own server-rendered fragments, which
  // alone may become HTML. Empty when the answer is something else, such as the page to log in.
  function fragment(html, selector) {
    if (PAGE.test(html || "")) return $();
    return $($.parseHTML((html || "").trim())).filter(selector);
  }

  // A viewer who is logged out gets 401 or 403, or is led to the login, which answers with a whole
  // page, or with JSON (allauth does so when a script asks).
  function isLoggedOut(xhr) {
    if (xhr.status === 401 || xhr.status === 403) return true;
    return xhr.status === 200 && (PAGE.test(xhr.responseText) || !/html/.test(xhr.getResponseHeader("Content-Type")));
  }

  // A picture that does not come leaves the letter below it.
  document.addEventListener(
    "error",
    function (event) {
      if (event.target instanceof HTMLImageElement && event.target.closest("[data-avatar]")) event.target.remove();
    },
    true,
  );
  $("[data-avatar] img")
    .filter((_, img) => img.complete && img.naturalWidth === 0)
    .remove();

  window.StreamWatch = { announce, banner, fragment, isLoggedOut };
})(jQuery);
