// One WebSocket that is opened again when it breaks: growing pauses with jitter, a watch over
// silence, and a change to another address without a gap.
// Offers: StreamWatch.topics.parse(text), the frame's JSON or null; StreamWatch.topics.line({ url, opened(socket), heard(text, socket), broke(why), state(name, words) })
// → .usable() a promise of the open line, .ready(socket) when the peer has welcomed us, .moveTo(url),
// .silence(ms) after which it counts as dead, .send(text, socket) by that one or the one in use, .reopen(why), .close().
(function (topics) {
  "use strict";
  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 30000;
  const STEADY_MS = 5000; // a line that lasts so long is no failure any more
  const OPENING_MS = 10000;
  const FAILURES_TO_SAY = 3; // whoever waits is told then; trying goes on while somebody wants it

  const WHY = {
    1000: "The connection was closed.",
    1001: "The other side went away.",
    1006: "The connection broke.",
    1011: "The other side had an error.",
    1012: "The other side is restarting.",
    1013: "The other side is too busy.",
    4000: "Twitch had an error (4000).",
    4001: "Twitch says that the page sent something (4001).",
    4002: "Twitch got no answer to its pings (4002).",
    4003: "Twitch closed it, since nothing was listened to (4003).",
    4004: "The old connection was not left in time (4004).",
    4005: "Twitch's network was too slow (4005).",
    4006: "Twitch's network failed (4006).",
    4007: "Twitch did not know the address to reconnect to (4007).",
  };

  topics.parse = function (text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  };

  topics.line = function (given) {
    const timers = {};
    let current = null; // in use
    let next = null; // being opened: the first one, or what takes the place of `current`
    let isReady = false;
    let isClosed = false;
    let isPausing = false;
    let failures = 0;
    let silenceMs = 0;
    let waiting = [];

    function later(what, ms, act) {
      clearTimeout(timers[what]);
      timers[what] = setTimeout(act, ms);
    }

    function dial(url, isMove) {
      let socket = null;
      try {
        socket = new WebSocket(url);
      } catch {
        return null; // an address that is none
      }
      socket.isMove = isMove;
      socket.addEventListener("open", () => given.opened && given.opened(socket));
      socket.addEventListener("message", function (event) {
        if (socket !== current && socket !== next) return;
        if (socket === current) listenOn();
        given.heard(event.data, socket);
      });
      socket.addEventListener("close", (event) => gone(socket, event.code));
      later(isMove ? "moving" : "opening", OPENING_MS, () => socket === next && drop(socket, 1006));
      return socket;
    }

    function open() {
      if (current || next || isClosed) return;
      pause(false);
      given.state("connecting", "Connecting…");
      next = dial(given.url, false);
      if (!next) pauseAfter(1006);
    }

    function ready(socket) {
      if (socket !== next) return false;
      const old = current;
      current = next;
      next = null;
      isReady = true;
      if (old) old.close();
      clearTimeout(timers.opening);
      later("steady", STEADY_MS, () => (failures = 0));
      listenOn();
      waiting.forEach((one) => one.resolve());
      waiting = [];
      return true;
    }

    function listenOn() {
      clearTimeout(timers.silence);
      const socket = current;
      if (silenceMs) later("silence", silenceMs, () => drop(socket, 0));
    }

    // Not waited for: a dead peer never answers a goodbye.
    function drop(socket, code) {
      gone(socket, code);
      socket.close();
    }

    function gone(socket, code) {
      if (socket === next) next = null;
      else if (socket === current) current = null;
      else return;
      isReady = isReady && Boolean(current);
      // The old one of a move goes on until it is closed; the new one may still come.
      if (current || next) return;
      clearTimeout(timers.silence);
      pauseAfter(code);
    }

    function pauseAfter(code) {
      const why = code ? WHY[code] || "The connection was closed (" + code + ")." : "Nothing was heard for too long.";
      isReady = false;
      failures += 1;
      clearTimeout(timers.steady);
      if (!given.broke(why, code)) return given.state("idle", why);
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      const ms = longest * (0.5 + Math.random() / 2);
      given.state("lost", why + " Trying again…", { againAt: Date.now() + ms });
      pause(true, ms);
      if (failures < FAILURES_TO_SAY) return;
      waiting.forEach((one) => one.reject({ error: "ERR_SERVER", sentence: why + " Try again in a moment." }));
      waiting = [];
    }

    function pause(isOn, ms) {
      isPausing = isOn;
      clearTimeout(timers.pause);
      if (isOn) later("pause", ms, open);
    }

    function usable() {
      if (isReady) return Promise.resolve();
      return new Promise(function (resolve, reject) {
        waiting.push({ resolve, reject });
        if (!isPausing) open();
      });
    }

    function moveTo(url) {
      if (!current || next) return;
      next = dial(url, true);
    }

    function reopen(why) {
      for (const socket of [next, current]) if (socket) socket.close();
      next = current = null;
      isReady = false;
      given.state("connecting", why);
      pause(true, FIRST_PAUSE_MS * Math.random());
    }

    function stop() {
      Object.values(timers).forEach(clearTimeout);
      isPausing = false;
      for (const socket of [next, current]) if (socket) socket.close();
      next = current = null;
      isReady = false;
      failures = 0;
    }

    function close() {
      isClosed = true;
      stop();
      window.removeEventListener("online", hurry);
      waiting.forEach((one) => one.reject({ error: "ERR_SERVER", sentence: "The connection was closed." }));
      waiting = [];
    }

    function hurry() {
      if (failures && !current && !next) open();
    }

    window.addEventListener("online", hurry);
    return {
      usable,
      ready,
      moveTo,
      reopen,
      stop,
      close,
      silence: (ms) => ((silenceMs = ms), listenOn()),
      send: (text, socket = current) => socket?.readyState === WebSocket.OPEN && socket.send(text),
    };
  };
})(StreamWatch.topics);
