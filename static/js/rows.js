// The rows of the two panels: puts in what comes, once, in order, and counts the tiles anew.
// Markup contract: [data-activity-list] with rows [data-activity-id data-occurred] whose sentence is
// [data-sentence]; [data-subscription-list] with rows [data-subscription-id], each holding
// [data-state-of data-state data-live data-login data-name] with [data-state-sentence]; in both a
// name that leads to the streamer's page is [data-streamer-link];
// tiles [data-tile="live|total|trouble" data-count] with [data-tile-number].
// Offers StreamWatch.rows: .activity(html, replace) .state(html) .allActivities(html, askedAt)
// .allSubscriptions(html, askedAt), each true when something new was shown, and .cursor().
// `askedAt` (performance.now()) is when the fragment was asked for: what the stream brought since
// then is newer than the fragment and stays.
(function ($) {
  "use strict";
  const KEPT = 10;
  const NEW_MS = 5000;
  const ROW = "[data-activity-id]";
  const SUB = "[data-subscription-id]";
  const list = () => $("[data-activity-list]");
  const subs = () => $("[data-subscription-list]");
  const activityOf = (id) => list().children(ROW).filter((_, row) => row.dataset.activityId === id);
  if (!$("[data-home]").length) return;
  let cursor = Number($("[data-home]").attr("data-cursor")) || 0;
  const since = new WeakMap();
  const isNewer = (element, askedAt) => (since.get(element) || 0) > askedAt;
  const cameNow = (element) => since.set(element, performance.now());

  // Who stands on the name in a row that is put in anew goes on standing there.
  function keepFocus(was, now) {
    const hadFocus = was && was.contains(document.activeElement);
    return function () {
      if (hadFocus) $(now).find("[data-streamer-link]").first().trigger("focus");
    };
  }

  function highlight($row) {
    $row.addClass("is-new");
    setTimeout(() => $row.removeClass("is-new"), NEW_MS);
  }

  function changed() {
    $(document).trigger("streamwatch:rows");
  }

  // --- activities: newest first by when it happened, then by id

  function isOlder(row, than) {
    const at = Date.parse(row.dataset.occurred);
    const thanAt = Date.parse(than.dataset.occurred);
    return at < thanAt || (at === thanAt && Number(row.dataset.activityId) < Number(than.dataset.activityId));
  }

  // False when it is older than all that are kept.
  function place(row) {
    cursor = Math.max(cursor, Number(row.dataset.activityId));
    const after = list().children(ROW).get().find((other) => isOlder(other, row));
    if (after) after.before(row);
    else list().append(row);
    list().children(ROW).slice(KEPT).remove();
    return row.isConnected;
  }

  function tellOf($row) {
    highlight($row);
    const about = "activity " + $row.attr("data-activity-id");
    StreamWatch.announce($row.find("[data-sentence]").text(), "new activities", about);
  }

  function activity(html, replace) {
    const $row = StreamWatch.fragment(html, ROW).first();
    if (!$row.length) return false;
    const $old = activityOf($row.attr("data-activity-id"));
    if ($old.length && !replace) return false;
    const refocus = keepFocus($old[0], $row[0]);
    $old.remove();
    cameNow($row[0]);
    const isShown = place($row[0]);
    refocus();
    if (isShown) tellOf($row);
    changed();
    return isShown;
  }

  // The newest rows read anew: takes over what the server says, and marks what was not here before.
  function allActivities(html, askedAt) {
    const $fresh = StreamWatch.fragment(html, "[data-activity-list]");
    if (!$fresh.length) return false;
    const newest = cursor;
    const says = (row) => row.dataset.activityId + row.querySelector("[data-sentence]").innerHTML;
    const said = new Set($fresh.children(ROW).get().map(says));
    // What has not changed stays as it is, with its highlight.
    const $kept = list().children(ROW).filter((_, row) => isNewer(row, askedAt) || said.has(says(row)));
    list().children(ROW).not($kept).remove();
    const $rows = $fresh.children(ROW).filter((_, row) => !activityOf(row.dataset.activityId).length);
    $rows.each((_, row) => place(row));
    // Those that were below the edge until now (after unsubscribing, say) are no news.
    const $news = $rows.filter((_, row) => Number(row.dataset.activityId) > newest);
    $news.each((_, row) => tellOf($(row)));
    changed();
    return $news.length > 0;
  }

  // --- subscriptions: live ones first, then by name

  function sortKey(row) {
    const state = row.querySelector("[data-state-of]");
    return (state.dataset.live === "true" ? "0" : "1") + state.dataset.name.toLowerCase();
  }

  function sort() {
    const focused = document.activeElement;
    const rows = subs().children(SUB).get();
    const sorted = rows.map((row) => [sortKey(row), row]).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    if (sorted.every(([, row], at) => row === rows[at])) return;
    subs().append(sorted.map(([, row]) => row));
    if (focused && subs()[0].contains(focused)) focused.focus({ preventScroll: true });
  }

  function count() {
    const $states = subs().find("[data-state-of]");
    const numbers = {
      live: $states.filter('[data-live="true"]').length,
      total: subs().children(SUB).length,
      trouble: $states.filter('[data-state="trouble"]').length,
    };
    for (const [name, number] of Object.entries(numbers)) {
      const $tile = $('[data-tile="' + name + '"]').attr("data-count", number);
      $tile.find("[data-tile-number]").text(number.toLocaleString("en-US"));
    }
  }

  // A rename reaches the row too, by which it is found.
  function takeOver($row, $state) {
    const was = $row.find("[data-state-of]")[0];
    const now = $state[0];
    const refocus = keepFocus(was, now);
    $(was).replaceWith(now);
    refocus();
    $row.attr("data-streamer", now.dataset.login);
    $row
      .find("[data-unsubscribe]")
      .attr({ "data-name": now.dataset.name, "aria-label": "Unsubscribe from " + now.dataset.name });
    if (was.dataset.state !== now.dataset.state) {
      StreamWatch.announce(now.dataset.name + ": " + $state.find("[data-state-sentence]").text());
    }
    if (was.dataset.state !== now.dataset.state || was.dataset.live !== now.dataset.live) highlight($row);
  }

  function state(html) {
    const $state = StreamWatch.fragment(html, "[data-state-of]").first();
    const pk = $state.attr("data-state-of");
    const $row = subs()
      .children(SUB)
      .filter((_, row) => row.querySelector("[data-state-of]").dataset.stateOf === pk);
    if (!$state.length || !$row.length) return false;
    cameNow($state[0]);
    takeOver($row, $state);
    sort();
    count();
    changed();
    return true;
  }

  // Row by row, so that a question that is open in one, and the focus in it, stay.
  function allSubscriptions(html, askedAt) {
    const $fresh = StreamWatch.fragment(html, "[data-subscription-list]");
    if (!$fresh.length) return false;
    const old = new Map(subs().children(SUB).get().map((row) => [row.dataset.subscriptionId, row]));
    let anyNew = false;
    $fresh.children(SUB).each(function () {
      const row = old.get(this.dataset.subscriptionId);
      old.delete(this.dataset.subscriptionId);
      if (row && isNewer(row.querySelector("[data-state-of]"), askedAt)) return;
      if (row) return takeOver($(row), $(this).find("[data-state-of]"));
      anyNew = true;
      subs().append(this);
      highlight($(this));
    });
    old.forEach((row) => row.remove());
    sort();
    count();
    changed();
    return anyNew;
  }

  StreamWatch.rows = { activity, state, allActivities, allSubscriptions, cursor: () => cursor };
})(jQuery);
