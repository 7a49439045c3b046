// One connection for all tabs of a browser: by Web Locks they elect the one that holds it, and talk
// by BroadcastChannel. What one tab listens to ends when it is closed, and a tab that takes over
// listens anew to what the others still want. Without Web Locks each tab has its own connection.
// Offers: StreamWatch.topics.shared(make, name) → a transport as eventsub.js and pubsub.js describe
// it; `make()` gives the real one. Nothing is opened before the first topic.
(function (topics) {
  "use strict";
  const forEver = (keep) => new Promise((resolve) => keep(resolve));

  topics.shared = function (make, name) {
    if (!navigator.locks || !("BroadcastChannel" in window)) return make();
    const me = crypto.getRandomValues(new Uint32Array(3)).join("-");
    const mine = new Set(); // topics of this tab
    const pending = new Map(); // number → { what, topic, resolve, reject }
    const holders = new Map(); // topic → tabs, known to the leader
    const watched = new Set([me]);
    const letGo = []; // of locks
    const leaving = new AbortController();
    const channel = new BroadcastChannel(name);
    let transport = null; // of the leader alone
    let state = null;
    let asked = 0;
    let joined = null;
    let onEvent = () => {};
    let onState = () => {};

    function hold(lock, act) {
      return new Promise(function (granted) {
        const got = () => {
          granted();
          act();
          return forEver((resolve) => letGo.push(resolve));
        };
        navigator.locks.request(lock, { signal: leaving.signal }, got).catch(() => {});
      });
    }

    // --- every tab

    // A tab holds a lock of its own as long as it lives, so that the leader hears of its end.
    function join() {
      if (!joined) {
        joined = hold(name + "." + me, () => {});
        joined.then(() => hold(name, lead));
        channel.postMessage({ kind: "hello" });
      }
      return joined;
    }

    async function request(what, topic) {
      await join();
      return new Promise(function (resolve, reject) {
        asked += 1;
        pending.set(asked, { what, topic, resolve, reject });
        send(asked);
      });
    }

    function send(number) {
      const { what, topic } = pending.get(number);
      const message = { kind: "ask", what, topic, number, tab: me };
      if (transport) serve(message);
      else channel.postMessage(message);
    }

    function answered(message) {
      if (message.tab !== me) return;
      const one = pending.get(message.number);
      pending.delete(message.number);
      if (!one) return;
      if (message.refusal) one.reject(message.refusal);
      else one.resolve(message.answer);
    }

    function showEvent(entry) {
      if (entry.ended) mine.delete(entry.ended.topic);
      onEvent(entry);
    }

    function showState(given) {
      state = given;
      onState(given);
    }

    // Somebody else holds the connection now: what was asked of the one before is asked again.
    function askAgain() {
      for (const number of pending.keys()) send(number);
      for (const topic of mine) {
        request("listen", topic).catch(function (refusal) {
          const ended = { topic, refusal };
          const data = { topic, why: refusal.sentence };
          showEvent({ way: "note", kind: "ended", topics: [topic], at: Date.now(), data, ended });
        });
      }
    }

    // --- the leader

    function lead() {
      transport = make();
      transport.open(
        function (entry) {
          if (entry.ended) holders.delete(entry.ended.topic);
          showEvent(entry);
          channel.postMessage({ kind: "event", entry });
        },
        function (given) {
          showState(given);
          channel.postMessage({ kind: "state", state: given });
        },
      );
      askAgain();
      channel.postMessage({ kind: "lead" });
    }

    async function serve({ what, topic, number, tab }) {
      const answer = { kind: "answer", tab, number };
      try {
        if (what === "listen") answer.answer = await listenFor(tab, topic);
        else await leave(tab, topic);
      } catch (refusal) {
        answer.refusal = refusal.sentence ? refusal : { error: "ERR_SERVER", sentence: String(refusal) };
      }
      if (tab === me) answered(answer);
      else channel.postMessage(answer);
    }

    async function listenFor(tab, topic) {
      const found = await transport.listen(topic);
      if (!holders.has(found.topic)) holders.set(found.topic, new Set());
      holders.get(found.topic).add(tab);
      if (!watched.has(tab)) {
        watched.add(tab);
        const gone = () => holders.forEach((_, held) => leave(tab, held));
        navigator.locks.request(name + "." + tab, { signal: leaving.signal }, gone).catch(() => {});
      }
      return found;
    }

    async function leave(tab, topic) {
      const tabs = holders.get(topic);
      if (!tabs || !tabs.delete(tab) || tabs.size) return;
      holders.delete(topic);
      await transport.unlisten(topic);
    }

    channel.addEventListener("message", function ({ data }) {
      if (data.kind === "ask" && transport) serve(data);
      if (data.kind === "answer") answered(data);
      if (data.kind === "event") showEvent(data.entry);
      if (data.kind === "state") showState(data.state);
      if (data.kind === "lead" && joined) askAgain();
      if (data.kind === "hello" && transport) channel.postMessage({ kind: "state", state });
    });

    return {
      open(event, tellState) {
        onEvent = event;
        onState = tellState;
        onState({ name: "idle", words: "Not connected", meters: [], session: "" });
      },
      async listen(topic) {
        const found = await request("listen", topic);
        mine.add(found.topic);
        return found;
      },
      unlisten(topic) {
        mine.delete(topic);
        return request("unlisten", topic);
      },
      close() {
        mine.clear();
        onEvent = onState = () => {};
        channel.close();
        leaving.abort();
        if (transport) transport.close();
        letGo.forEach((release) => release());
      },
    };
  };
})(StreamWatch.topics);
