// Keeps the home page true: one stream of server-sent events a browser, shared by its tabs.
// Markup contract: one [data-home] with data-viewer, data-stream-url; [data-activity] and
// [data-subscriptions] with data-rows-url (the fragments to read anew); [data-live-note].
// The tabs elect by Web Locks the one that holds the stream, and share by BroadcastChannel. Without
// Web Locks (plain http elsewhere than localhost), and while the stream fails, each tab that is
// seen reads the fragments every 5 s instead.
// Listens to "streamwatch:subscribed" and "streamwatch:unsubscribed" on document.
(function ($) {
  "use strict";
  const $home = $("[data-home]");
  if (!$home.length) return;

  const POLL_MS = 5000;
  const RETRY_MS = 30000; // between tries of the stream while polling
  const FIRST_RETRY_MS = 1000;
  const FAILURES_TO_POLL = 3;
  const STEADY_MS = 5000; // a stream that lasts so long is no failure any more
  const PATIENCE_MS = 3000; // a restart of the server passes without a banner
  const AWAY_MS = 30000; // seen again after so long: read anew
  const SAFETY_MS = 300000; // a connection can die unheard; nobody shall look at an old page for long
  const TIMEOUT_MS = 10000;
  const SPREAD_MS = 500; // many pages are told to read anew at once
  const NOTES = { open: "Updates by itself", polling: "Checks every 5 s", lost: "Not connected", out: "Logged out" };

  const name = "streamwatch.live." + $home.data("viewer");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  const rows = StreamWatch.rows;
  let state = "starting"; // then open, lost, polling or out
  let isLeader = false;
  let source = null;
  let failures = 0;
  let hasMissed = false;
  let reading = null;
  let readAgain = false;
  let hiddenAt = 0;
  const timers = {};

  function later(what, ms, act) {
    clearTimeout(timers[what]);
    timers[what] = setTimeout(act, ms);
  }

  function tell(message) {
    if (tabs) tabs.postMessage(message);
  }

  // --- what the viewer is told

  function enter(next) {
    if (state === "out" || state === next) return;
    const wasStarting = state === "starting";
    state = next;
    $("[data-live-note]").text(NOTES[next]);
    clearTimeout(timers.banner);
    if (next === "open") StreamWatch.banner("");
    if (next === "lost" && !wasStarting) later("banner", PATIENCE_MS, sayLost);
    if (next === "polling") poll();
    if (next === "out") leave();
    if (isLeader) tell({ kind: "state", state });
  }

  function sayLost() {
    StreamWatch.banner("Connection lost. Trying again…");
  }

  function leave() {
    close();
    StreamWatch.banner("You are logged out, so nothing new appears here.", { login: true });
  }

  // --- reading the fragments anew

  function read($panel, take) {
    const askedAt = performance.now();
    const asked = $.ajax($panel.data("rows-url"), { dataType: "html", timeout: TIMEOUT_MS });
    return new Promise(function (resolve) {
      asked.always(function () {
        if (StreamWatch.isLoggedOut(asked)) resolve({ isOut: true });
        else if (asked.status !== 200) resolve({ hasFailed: true });
        else resolve({ isNews: take(asked.responseText, askedAt) });
      });
    });
  }

  // One reading at a time; who asks meanwhile gets another one after it.
  function resync() {
    if (reading) {
      readAgain = true;
      return reading;
    }
    reading = Promise.all([
      read($("[data-subscriptions]"), rows.allSubscriptions),
      read($("[data-activity]"), rows.allActivities),
    ]).then(function (answers) {
      reading = null;
      const outcome = {
        isOut: answers.some((answer) => answer.isOut),
        hasFailed: answers.some((answer) => answer.hasFailed),
        isNews: answers.some((answer) => answer.isNews),
      };
      if (outcome.isOut) enter("out");
      else if (readAgain) resync();
      readAgain = false;
      return outcome;
    });
    return reading;
  }

  function poll() {
    later("poll", POLL_MS, poll);
    if (state !== "polling") clearTimeout(timers.poll);
    else if (!document.hidden && !reading) {
      resync().then(function (outcome) {
        if (state !== "polling") return;
        $("[data-live-note]").text(NOTES[outcome.hasFailed ? "lost" : "polling"]);
        if (outcome.hasFailed) sayLost();
        else StreamWatch.banner("");
      });
    }
  }

  // --- the stream, in the tab that was elected

  function deliver(kind, html) {
    if (kind === "activity") rows.activity(html, false);
    else if (kind === "change") rows.activity(html, true) || rows.state(html);
    else if (kind === "resync") later("resync", Math.random() * SPREAD_MS, resync);
  }

  function open() {
    close();
    if (state === "out") return;
    source = new EventSource($home.data("stream-url") + "?after=" + rows.cursor());
    source.addEventListener("open", opened);
    source.addEventListener("error", broke);
    for (const kind of ["activity", "change", "resync"]) {
      source.addEventListener(kind, function (event) {
        deliver(kind, event.data);
        tell({ kind: "event", event: kind, html: event.data });
      });
    }
  }

  function close() {
    clearTimeout(timers.retry);
    clearTimeout(timers.steady);
    if (source) source.close();
    source = null;
  }

  function opened() {
    later("steady", STEADY_MS, () => (failures = 0));
    enter("open");
    if (!hasMissed) return;
    hasMissed = false;
    resync();
    tell({ kind: "resync" });
  }

  // The browser does not say why a stream broke: the second time, reading the fragments shows
  // whether the viewer is logged out.
  function broke() {
    close();
    failures += 1;
    hasMissed = true;
    const isPolling = failures >= FAILURES_TO_POLL;
    enter(isPolling ? "polling" : "lost");
    if (failures === FAILURES_TO_POLL - 1) resync();
    const wait = isPolling ? RETRY_MS : FIRST_RETRY_MS * failures;
    later("retry", wait * (0.5 + Math.random() / 2), open);
  }

  // --- the tabs among themselves

  function heard(message) {
    if (message.kind === "event") deliver(message.event, message.html);
    if (message.kind === "resync") resync();
    if (message.kind === "hello" && isLeader) tell({ kind: "state", state });
    if (message.kind === "reopen" && isLeader) open();
    if (message.kind !== "state" || isLeader) return;
    // What happened between the server's answer and this tab's joining in.
    if (state === "starting" && message.state === "open") resync();
    if (message.state !== "starting") enter(message.state);
  }

  function reopen() {
    if (isLeader) open();
    else tell({ kind: "reopen" });
  }

  function lead() {
    isLeader = true;
    // After another tab that was closed: nobody listened for a moment.
    hasMissed = state !== "starting";
    open();
    // Held until the tab goes.
    return new Promise(function () {});
  }

  function subscriptionsChanged(_event, html) {
    if (html) rows.allSubscriptions(html, performance.now());
    resync();
    tell({ kind: "resync" });
    reopen();
  }

  function seenAgain() {
    if (document.hidden) hiddenAt = Date.now();
    else if (hiddenAt && Date.now() - hiddenAt > AWAY_MS) resync();
  }

  // News that the stream has not brought: it is deaf.
  function checkStream() {
    if (document.hidden || state !== "open") return;
    resync().then(function (outcome) {
      if (outcome.isNews) reopen();
    });
  }

  if (tabs) tabs.addEventListener("message", (event) => heard(event.data));
  $(document).on("streamwatch:subscribed streamwatch:unsubscribed", subscriptionsChanged);
  document.addEventListener("visibilitychange", seenAgain);
  window.addEventListener("online", function () {
    if (isLeader && state !== "open") open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) window.location.reload();
  });
  setInterval(checkStream, SAFETY_MS);
  if (tabs && navigator.locks) {
    navigator.locks.request(name, lead);
    tell({ kind: "hello" });
  } else {
    enter("polling");
  }
})(jQuery);
