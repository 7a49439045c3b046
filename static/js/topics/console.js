// The console: what was sent and received, newest first, at most so many, as pretty JSON.
// Markup contract: in [data-topics] one [data-console] with [data-console-rows] (an ol),
// [data-console-empty], [data-console-count], a template [data-console-template] and the controls
// [data-console-filter] [data-console-events] [data-console-unfold] [data-console-pause]
// [data-console-clear] [data-console-copy] [data-console-download].
// Offers: StreamWatch.topics.console(root) → .add(entry); an entry is an event of eventsub.js.
(function (topics) {
  "use strict";
  const MOST = 500;
  const QUIET = new Set(["session_keepalive", "PING", "PONG"]); // repeats are counted, not listed
  const EVENTS = new Set(["notification", "MESSAGE"]);
  const WAYS = { in: ["arrow-down-left", "received"], out: ["arrow-up-right", "sent"], note: ["dot", "note"] };
  const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const PREVIEWED = 5;

  // Text only, so nothing that a stranger wrote can become HTML.
  function paint(code, text) {
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
      const [token, string, colon] = match;
      const kind = colon ? "key" : string ? "string" : /^[-\d]/.test(token) ? "number" : "word";
      const span = document.createElement("span");
      span.className = "json-" + kind;
      span.textContent = colon ? string : token;
      code.append(text.slice(end, match.index), span, colon || "");
      end = match.index + token.length;
    }
    code.append(text.slice(end));
  }

  // What the message is about, out of its envelope; the rest is shown on demand.
  function eventOf(entry) {
    if (entry.kind === "notification") return entry.data.payload?.event;
    if (entry.kind === "MESSAGE") return entry.data.data?.message;
    return undefined;
  }

  function gist(entry) {
    const { data } = entry;
    return eventOf(entry) || data?.payload?.session || data?.payload?.subscription || data?.data || data;
  }

  // Names and words before numbers: an id says little.
  function preview(entry) {
    const found = gist(entry);
    if (typeof found !== "object" || found === null) return String(found ?? "");
    const plain = Object.entries(found).filter(([, value]) => value !== "" && /string|number|boolean/.test(typeof value));
    const isSaid = (value) => value === entry.kind || value === entry.type;
    const telling = plain.filter(([key, value]) => !/(^|_)(id|name)$|^nonce$/.test(key) && !isSaid(value));
    return (telling.length ? telling : plain)
      .slice(0, PREVIEWED)
      .map(([key, value]) => key + ": " + value)
      .join(" · ");
  }

  function lineOf({ at, way, kind, topics: about, type, data, raw }) {
    const line = { at: new Date(at).toISOString(), way: WAYS[way][1], kind, type, topics: about, data, raw };
    return JSON.stringify(line);
  }

  topics.console = function (root) {
    const find = (name) => root.querySelector("[data-console-" + name + "]");
    const rows = find("rows");
    const template = find("template");
    let kept = []; // { entry, element, words }
    let held = []; // while paused

    // --- rows

    const pretty = (data) => (typeof data === "string" ? data : JSON.stringify(data, null, 2));

    function fill(element, entry) {
      const pre = element.querySelector("[data-entry-json]");
      if (pre.childNodes.length) return;
      const found = eventOf(entry);
      paint(pre, pretty(found ?? entry.data));
      const whole = element.querySelector("[data-entry-whole]");
      whole.hidden = found === undefined;
      whole.addEventListener("toggle", () => paint(whole.querySelector("pre"), pretty(entry.data)), { once: true });
    }

    function row(entry) {
      const element = template.content.firstElementChild.cloneNode(true);
      const part = (name) => element.querySelector("[data-entry-" + name + "]");
      const [icon, word] = WAYS[entry.way];
      element.dataset.way = entry.way;
      element.dataset.kind = entry.kind;
      part("icon").className = "bi bi-" + icon;
      part("way").textContent = word;
      part("time").textContent = new Date(entry.at).toTimeString().slice(0, 8);
      part("kind").textContent = entry.type || entry.kind;
      part("topic").textContent = entry.topics[0] || "";
      part("preview").textContent = preview(entry);
      const details = part("details");
      details.addEventListener("toggle", () => details.open && fill(element, entry));
      part("copy").addEventListener("click", () => copy([lineOf(entry)], "Copied"));
      if (EVENTS.has(entry.kind) && find("unfold").getAttribute("aria-pressed") === "true") {
        details.open = true;
        fill(element, entry);
      }
      return element;
    }

    function isLikeLast(entry) {
      const last = kept.at(-1);
      return last && QUIET.has(entry.kind) && last.entry.kind === entry.kind && last;
    }

    function put(entry) {
      const last = isLikeLast(entry);
      if (last) {
        last.times = (last.times || 1) + 1;
        last.entry = entry;
        last.element.querySelector("[data-entry-preview]").textContent = "×" + last.times;
        last.element.querySelector("[data-entry-time]").textContent = new Date(entry.at).toTimeString().slice(0, 8);
        return;
      }
      const one = { entry, element: row(entry) };
      one.words = (entry.kind + " " + entry.topics.join(" ") + " " + JSON.stringify(entry.data)).toLowerCase();
      kept.push(one);
      rows.prepend(one.element);
      one.element.hidden = !isShown(one);
      if (kept.length > MOST) kept.shift().element.remove();
    }

    // --- controls

    function isShown(one) {
      const words = find("filter").value.toLowerCase().split(/\s+/);
      if (find("events").checked && !EVENTS.has(one.entry.kind)) return false;
      return words.every((word) => one.words.includes(word));
    }

    function count() {
      const shown = kept.filter((one) => !one.element.hidden).length;
      find("empty").hidden = shown > 0;
      find("empty").textContent = kept.length ? "Nothing matches." : "What is sent and received appears here.";
      const of = shown === kept.length ? "" : " of " + kept.length;
      find("count").textContent = shown + of + (kept.length >= MOST ? ", older ones are dropped" : "");
      find("clear").disabled = !kept.length;
      for (const name of ["copy", "download"]) find(name).disabled = !shown;
    }

    function refilter() {
      kept.forEach((one) => (one.element.hidden = !isShown(one)));
      count();
    }

    function toggle(button) {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      return isOn;
    }

    function pauseWords() {
      const isPaused = find("pause").getAttribute("aria-pressed") === "true";
      find("pause").querySelector("[data-words]").textContent = isPaused ? "Paused" + (held.length ? " · " + held.length + " waiting" : "") : "Pause";
    }

    function paused() {
      if (toggle(find("pause"))) return pauseWords();
      const waiting = held;
      held = [];
      pauseWords();
      waiting.forEach(put);
      count();
    }

    function unfolded() {
      const isOn = toggle(find("unfold"));
      for (const { entry, element } of kept) {
        if (EVENTS.has(entry.kind)) element.querySelector("details").open = isOn;
      }
    }

    function clear() {
      kept.forEach((one) => one.element.remove());
      kept = [];
      count();
    }

    const lines = () => kept.filter((one) => !one.element.hidden).map((one) => lineOf(one.entry));

    function copy(given, words) {
      const done = navigator.clipboard ? navigator.clipboard.writeText(given.join("\n")) : Promise.reject();
      done.then(
        () => StreamWatch.toast(words),
        () => StreamWatch.toast("The browser does not let this page copy.", "error"),
      );
    }

    function download() {
      const link = document.createElement("a");
      const blob = new Blob([lines().join("\n") + "\n"], { type: "application/x-ndjson" });
      link.href = URL.createObjectURL(blob);
      link.download = "topics-" + new Date().toISOString().slice(0, 19).replace(/\D/g, "-") + ".jsonl";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    find("filter").addEventListener("input", refilter);
    find("events").addEventListener("change", refilter);
    find("pause").addEventListener("click", paused);
    find("unfold").addEventListener("click", unfolded);
    find("clear").addEventListener("click", clear);
    find("copy").addEventListener("click", () => copy(lines(), "Copied as JSON lines"));
    find("download").addEventListener("click", download);
    count();

    return {
      add(entry) {
        if (find("pause").getAttribute("aria-pressed") === "true") {
          held.push(entry);
          if (held.length > MOST) held.shift();
          return pauseWords();
        }
        put(entry);
        count();
      },
    };
  };
})(StreamWatch.topics);
