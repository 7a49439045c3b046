// Lists matching channels while one types; without it the form is a plain GET.
// Markup contract: one [data-search] with data-search-url, in it [data-search-form],
// [data-search-input] and [data-search-panel]. The answer is one [data-search-results] with
// [data-search-summary] (what is announced) and links [data-candidate].
// Keys: "/" goes to the box; Enter searches at once and goes to the first match; arrows move
// through the matches; Escape closes.
// Offers: StreamWatch.searchPanel.show($content) .back() .close() .clear() .fail(text), used by verify.js.
(function ($) {
  "use strict";
  const PAUSE_MS = 250;
  const TIMEOUT_MS = 10000;
  const $search = $("[data-search]");
  if (!$search.length) return;
  const $input = $search.find("[data-search-input]");
  const $panel = $search.find("[data-search-panel]");
  let pause = null;
  let pending = null;
  let asked = "";
  let goToFirst = false;
  let $results = $();
  let opened = "";

  const words = () => $input.val().trim();
  const candidates = () => $panel.find("[data-candidate]");
  const isOpen = () => !$panel.prop("hidden");

  function show($content) {
    $panel.empty().append($content).prop("hidden", false).removeAttr("aria-busy");
    $panel.scrollTop(0);
    $(document).trigger("streamwatch:rows");
  }

  // Built from text, never from HTML: this is not the server's fragment.
  function fail(text) {
    show($("<p>").addClass("problem problem-alone").attr("role", "alert").text(text));
  }

  function close() {
    stop();
    $panel.prop("hidden", true);
  }

  function clear() {
    $input.val("");
    asked = "";
    $results = $();
    close();
  }

  function stop() {
    clearTimeout(pause);
    if (pending) pending.abort();
    pending = null;
  }

  function showResults($found) {
    $results = $found;
    opened = "";
    show($found);
    StreamWatch.announce($found.find("[data-search-summary]").text());
    if (goToFirst) candidates().first().trigger("focus");
    goToFirst = false;
  }

  // Latest answer wins: the request before is given up.
  function ask() {
    stop();
    asked = words();
    $panel.attr("aria-busy", "true");
    const mine = $.ajax($search.data("search-url"), { data: { q: asked }, dataType: "html", timeout: TIMEOUT_MS });
    pending = mine;
    mine.always(function (_answer, outcome) {
      if (outcome === "abort" || mine !== pending) return;
      pending = null;
      const $found = StreamWatch.fragment(mine.responseText, "[data-search-results]");
      if ($found.length) return showResults($found);
      goToFirst = false;
      if (StreamWatch.isLoggedOut(mine)) return StreamWatch.banner("You are logged out.", { login: true });
      asked = "";
      fail("The search gave no answer. Try again in a moment.");
    });
  }

  function typed() {
    goToFirst = false;
    stop();
    if (!words()) return clear();
    pause = setTimeout(ask, PAUSE_MS);
  }

  function enter() {
    const fresh = words() === asked && $results.length && !pending;
    if (!words()) return;
    goToFirst = true;
    if (!fresh) return ask();
    showResults($results);
  }

  function back() {
    if (!$results.length) return clear();
    const login = opened;
    showResults($results);
    const $last = candidates().filter((_, link) => link.dataset.streamer === login);
    ($last.length ? $last : $input).first().trigger("focus");
  }

  function move(event) {
    const $all = candidates();
    const at = $all.index(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: $all.length - 1 }[event.key];
    if (to === undefined || !$all.length || !isOpen()) return;
    if (at < 0 && event.key !== "ArrowDown") return;
    event.preventDefault();
    if (to < 0) $input.trigger("focus");
    else $all.eq(Math.min(to, $all.length - 1)).trigger("focus");
  }

  $input.on("input", typed);
  $input.on("focus", function () {
    if ($results.length && words() === asked && !isOpen()) show($results);
  });
  $search.find("[data-search-form]").on("submit", function (event) {
    event.preventDefault();
    enter();
  });
  $search.on("keydown", function (event) {
    if (event.key !== "Escape") return move(event);
    if (!isOpen()) return;
    event.preventDefault();
    $input.trigger("focus");
    close();
  });
  $panel.on("click", "[data-candidate]", function () {
    opened = this.dataset.streamer;
  });
  // Leaving by Tab or by a click elsewhere closes it; the words stay in the box.
  $(document).on("focusin pointerdown", function (event) {
    if (isOpen() && !$search[0].contains(event.target)) close();
  });
  $(document).on("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    $input.trigger("focus").trigger("select");
  });

  StreamWatch.searchPanel = { show, back, close, clear, fail };
})(jQuery);
