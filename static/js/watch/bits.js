// Puts the server's new parts of the page of watching in the place of the old ones.
// Markup contract: parts are [data-bit="name"]; one with [data-kept-while] stays as long as that value
// stays, with all that was loaded into it. What may have the focus carries a [data-key]; who stands on
// it goes on standing there, else on [data-watch-heading].
// Offers StreamWatch.bits: .swap(old, fresh) and .swapAll(root, $fresh); both tell times.js.
(function ($) {
  "use strict";

  function keyInside(element) {
    const held = element.contains(document.activeElement) && document.activeElement.closest("[data-key]");
    return held ? held.dataset.key : null;
  }

  // Within the whole page: a part may have moved.
  function focusOn(key) {
    const $same = $("[data-key]").filter((_, one) => one.dataset.key === key);
    ($same.length ? $same : $("[data-watch-heading]")).first().trigger("focus");
  }

  function swap(old, fresh) {
    const key = keyInside(old);
    old.replaceWith(fresh);
    if (key !== null) focusOn(key);
    $(document).trigger("streamwatch:rows");
  }

  // Only parts that are on both sides; the rest is the caller's.
  function swapAll(root, $fresh) {
    const key = keyInside(root);
    for (const old of root.querySelectorAll("[data-bit]")) {
      const fresh = $fresh.find("[data-bit]").get().find((one) => one.dataset.bit === old.dataset.bit);
      const isKept = fresh && old.dataset.keptWhile !== undefined && old.dataset.keptWhile === fresh.dataset.keptWhile;
      if (fresh && !isKept) old.replaceWith(fresh);
    }
    if (key !== null) focusOn(key);
    $(document).trigger("streamwatch:rows");
  }

  window.StreamWatch.bits = { swap, swapAll };
})(jQuery);
