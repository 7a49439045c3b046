// Switches streams, layout, sound and chat without loading the page: what plays on goes on playing.
// Markup contract: links [data-switch] lead to another state of the page [data-watch data-title]; asked
// for by a script the same address answers with that element alone. In [data-players] lie the
// [data-slot data-login data-frame-url], each with its frame and [data-slot-words].
// Listens to "streamwatch:watch" (url, {replace}) on document; triggers "streamwatch:watching" when done.
(function ($) {
  "use strict";
  const TIMEOUT_MS = 15000;
  const TITLE_END = " · StreamWatch";
  const place = () => window.location.pathname + window.location.search;
  let pending = null;
  let shown = place();
  if (!document.querySelector("[data-watch]")) return;

  function plain(event) {
    return !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
  }

  const isSame = (slot, other) =>
    slot.dataset.login === other.dataset.login && slot.dataset.frameUrl === other.dataset.frameUrl;

  // As many pairs [new, old] as can stay where they are: a frame that is moved loads anew.
  function staying(fresh, old) {
    if (!fresh.length) return [];
    const [first, ...rest] = fresh;
    const at = old.findIndex((slot) => isSame(slot, first));
    const without = staying(rest, old);
    if (at < 0) return without;
    const having = [[first, old[at]], ...staying(rest, old.slice(at + 1))];
    return having.length >= without.length ? having : without;
  }

  function putPlayers(players, freshPlayers) {
    const fresh = [...freshPlayers.children];
    const kept = new Map(staying(fresh, [...players.children]));
    const remaining = new Set(kept.values());
    [...players.children].filter((slot) => !remaining.has(slot)).forEach((slot) => slot.remove());
    let before = players.firstElementChild;
    for (const slot of fresh) {
      const was = kept.get(slot);
      if (!was) {
        players.insertBefore(slot, before);
        continue;
      }
      StreamWatch.bits.swap(was.querySelector("[data-slot-words]"), slot.querySelector("[data-slot-words]"));
      before = was.nextElementSibling;
    }
  }

  function put($fresh) {
    const root = document.querySelector("[data-watch]");
    const players = root.querySelector("[data-players]");
    const freshPlayers = $fresh.find("[data-players]")[0];
    if (!players || !freshPlayers) {
      StreamWatch.bits.swap(root, $fresh[0]);
    } else {
      const left = $("[data-strip]").scrollLeft();
      putPlayers(players, freshPlayers);
      root.querySelector("[data-stage]").dataset.count = $fresh.find("[data-stage]")[0].dataset.count;
      Object.assign(root.dataset, $fresh[0].dataset);
      StreamWatch.bits.swapAll(root, $fresh);
      $("[data-strip]").scrollLeft(left);
    }
    document.title = $fresh[0].dataset.title + TITLE_END;
    $(document).trigger("streamwatch:watching");
  }

  function giveUp() {
    if (pending) pending.abort();
    pending = null;
    $("[data-watch]").removeAttr("aria-busy");
  }

  // `enter` is called when the page has changed: then the address changes, too.
  function show(url, enter) {
    giveUp();
    $("[data-watch]").attr("aria-busy", "true");
    const mine = $.ajax(url, { dataType: "html", timeout: TIMEOUT_MS });
    pending = mine;
    mine.always(function (_answer, outcome) {
      if (outcome === "abort" || mine !== pending) return;
      pending = null;
      const $fresh = StreamWatch.fragment(mine.responseText, "[data-watch]");
      // Whatever else came (logged out, nobody called so) says so best as a page of its own.
      if (!$fresh.length) return window.location.assign(url);
      enter();
      shown = place();
      put($fresh);
      $("[data-watch]").removeAttr("aria-busy");
      StreamWatch.announce("Now watching " + $fresh[0].dataset.title);
    });
  }

  $(document).on("click", "[data-switch]", function (event) {
    if (!plain(event)) return;
    event.preventDefault();
    const url = this.href;
    show(url, () => url !== window.location.href && window.history.pushState(null, "", url));
  });
  $(document).on("streamwatch:watch", function (_event, url) {
    show(url, () => window.history.replaceState(null, "", url));
  });
  window.addEventListener("popstate", function () {
    giveUp();
    // A jump within the page is one, too.
    if (place() !== shown) show(window.location.href, $.noop);
  });
})(jQuery);
