// Keeps times true: "5 min ago" grows older, an uptime ticks, tooltips are in the reader's own zone.
// Markup contract: <time datetime="<iso utc>" data-ago> or data-uptime, or data-when for a moment to
// come; all carry a title.
// The words are those of activity/templatetags/activity_words.py. Other scripts that put rows on the
// page trigger "streamwatch:rows" on document.
(function ($) {
  "use strict";
  const MINUTE = 60;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const TICK_MS = 500; // half a second, so that no second is skipped
  const SLOW_TICKS = 30;
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const when = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  let ticks = 0;

  function secondsSince(time) {
    return Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
  }

  function ago(seconds, moment) {
    if (seconds < MINUTE) return "just now";
    if (seconds < HOUR) return Math.floor(seconds / MINUTE) + " min ago";
    if (seconds < DAY) return Math.floor(seconds / HOUR) + " h ago";
    const days = Math.floor(seconds / DAY);
    if (days < 7) return days + (days === 1 ? " day ago" : " days ago");
    return day.format(moment);
  }

  function uptime(seconds) {
    const two = (number) => String(number).padStart(2, "0");
    return Math.floor(seconds / HOUR) + ":" + two(Math.floor((seconds % HOUR) / MINUTE)) + ":" + two(seconds % MINUTE);
  }

  function say(time, words) {
    if (time.textContent !== words) time.textContent = words;
  }

  function tick() {
    for (const time of document.querySelectorAll("time[data-uptime]")) say(time, uptime(secondsSince(time)));
  }

  function refresh() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      say(time, ago(secondsSince(time), new Date(time.dateTime)));
    }
    for (const time of document.querySelectorAll("time[data-when]")) say(time, when.format(new Date(time.dateTime)));
    for (const time of document.querySelectorAll("time[title]:not([data-localised])")) {
      time.title = exact.format(new Date(time.dateTime));
      time.dataset.localised = "";
    }
    tick();
  }

  refresh();
  $(document).on("streamwatch:rows", refresh);
  document.addEventListener("visibilitychange", refresh);
  setInterval(function () {
    if (document.hidden) return;
    ticks += 1;
    if (ticks % SLOW_TICKS === 0) refresh();
    else tick();
  }, TICK_MS);
})(jQuery);
