// Topics over PubSub, Twitch's retired protocol, which StreamWatch itself speaks at /pubsub; the
// session's cookie says who it is. Offers: StreamWatch.topics.pubsub({ pubsubPath, checkUrl }) → the
// same interface as eventsub.js, with the same events and states.
(function (topics) {
  "use strict";
  const PING_MS = 240000; // within five minutes, less what chance takes off
  const PONG_MS = 10000;
  const ANSWER_MS = 15000;
  const MOVE_MS = 500; // not all pages at once
  const AGAIN_MS = 1000;
  const LONGEST_AGAIN_MS = 30000;
  const TOPICS = 50;
  const REVOKED = "StreamWatch hears this no longer: it was withdrawn, or Twitch refused it.";
  const SENTENCES = {
    ERR_BADMESSAGE: "StreamWatch could not read this topic.",
    ERR_BADAUTH: "You may not listen to this topic.",
    ERR_SERVER: "StreamWatch could not listen to it now. Try again in a moment.",
    ERR_BADTOPIC: "There is no such topic.",
  };

  topics.pubsub = function (settings) {
    const wanted = new Map(); // topic → { topic, what, cost }
    const answers = new Map(); // nonce → { resolve, about, socket }
    const renewing = new Set(); // topics that are being listened to again
    const timers = {};
    let onEvent = () => {};
    let onState = () => {};
    let shown = { name: "idle", words: "" };
    let asking = 0;
    let overlap = null; // during a move: { socket, old, young }, how often each brought a text
    const url = new URL(settings.pubsubPath, window.location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const line = topics.line({ url: url.href, opened, heard, broke, state });

    function later(what, ms, act) {
      clearTimeout(timers[what]);
      timers[what] = setTimeout(act, ms);
    }

    function tell(way, kind, data, more) {
      onEvent({ way, kind, topics: [], at: Date.now(), data, ...more });
    }

    function state(name, words, more) {
      shown = { name, words, ...more };
      report();
    }

    function report() {
      onState({ ...shown, meters: [{ name: "Topics", value: wanted.size, max: TOPICS }], session: "" });
    }

    // --- what comes

    function opened(socket) {
      if (socket.isMove) return move(socket);
      arrived(socket);
      for (const topic of wanted.keys()) again(topic);
    }

    function arrived(socket) {
      if (!line.ready(socket)) return false;
      clearTimeout(timers.pong);
      // What the one before was asked is asked again.
      for (const one of answers.values()) if (one.socket !== socket) one.resolve(null);
      state("open", "Connected to StreamWatch");
      ping();
      return true;
    }

    // The old connection goes on until the new one hears all that it heard.
    async function move(socket) {
      const said = new Map(); // topic → the answer
      const left = () => [...wanted.keys()].filter((topic) => !said.has(topic));
      const say = async (topic) => said.set(topic, await request("LISTEN", topic, [topic], socket));
      overlap = { socket, old: new Map(), young: new Map() };
      while (left().length) await Promise.all(left().map(say));
      if (overlap?.socket === socket) overlap = null;
      if (!arrived(socket)) return;
      for (const [topic, answer] of said) {
        if (!wanted.has(topic)) request("UNLISTEN", topic, [topic]);
        else if (!answer || answer.error === "ERR_SERVER") renew(topic, 1);
        else if (answer.error) end(topic, refusalOf(answer).sentence, answer.error);
      }
    }

    function heard(text, socket) {
      const frame = topics.parse(text);
      if (!frame?.type) return tell("in", "unreadable", text);
      if (frame.type === "MESSAGE") return message(frame, text, socket);
      const about = frame.data?.topics || answers.get(frame.nonce)?.about || [];
      tell("in", frame.type, frame, { topics: about });
      if (frame.type === "PONG") clearTimeout(timers.pong);
      if (frame.type === "RESPONSE") answered(frame);
      if (frame.type === "RECONNECT") later("move", MOVE_MS * Math.random(), () => line.moveTo(url.href));
      if (frame.type === "AUTH_REVOKED") about.forEach((topic) => end(topic, REVOKED));
    }

    // The message lies in the frame as a text; it is shown as what it means.
    function message(frame, text, socket) {
      if (overlap && isKnown(text, socket)) return;
      const meant = topics.parse(frame.data.message) ?? frame.data.message;
      const data = { ...frame, data: { ...frame.data, message: meant } };
      tell("in", "MESSAGE", data, { topics: [frame.data.topic], type: meant?.type, raw: text });
    }

    // A text may come again; only what the other connection has brought as often is a repeat.
    function isKnown(text, socket) {
      const isYoung = socket === overlap.socket;
      const [mine, others] = isYoung ? [overlap.young, overlap.old] : [overlap.old, overlap.young];
      mine.set(text, (mine.get(text) || 0) + 1);
      return mine.get(text) <= (others.get(text) || 0);
    }

    function answered(frame) {
      const one = answers.get(frame.nonce);
      answers.delete(frame.nonce);
      if (one) one.resolve(frame);
    }

    function broke(why, code) {
      clearTimeout(timers.ping);
      clearTimeout(timers.pong);
      clearTimeout(timers.move);
      tell("note", "closed", { code, why });
      for (const one of answers.values()) one.resolve(null);
      answers.clear();
      return wanted.size > 0 || asking > 0;
    }

    // --- what is sent

    function send(frame, about, socket) {
      tell("out", frame.type, frame, { topics: about || [] });
      line.send(JSON.stringify(frame), socket);
    }

    function ping() {
      later("ping", PING_MS * (0.75 + Math.random() / 4), function () {
        send({ type: "PING" });
        later("pong", PONG_MS, () => line.reopen("No answer to a ping. Connecting anew…"));
        ping();
      });
    }

    // To that socket, or to the one in use; null when it broke before the answer.
    function request(type, topic, about, socket) {
      const nonce = crypto.getRandomValues(new Uint32Array(3)).join("");
      return new Promise(function (resolve) {
        answers.set(nonce, { resolve, about, socket });
        setTimeout(() => answered({ nonce, error: "ERR_SERVER" }), ANSWER_MS);
        send({ type, nonce, data: { topics: [topic] } }, about, socket);
      });
    }

    async function subscribe(topic, about) {
      await line.usable();
      const answer = await request("LISTEN", topic, about);
      if (!answer) return subscribe(topic, about);
      if (!answer.error) return null;
      throw refusalOf(answer);
    }

    function refusalOf({ error, sentence }) {
      return { error, sentence: sentence || SENTENCES[error] || "It was refused: " + error };
    }

    async function listen(topic) {
      if (wanted.has(topic)) return wanted.get(topic);
      asking += 1;
      try {
        // Says in words what a RESPONSE says in one, and what can be done about it.
        const checked = await topics.ask(settings.checkUrl, { topic, transport: "pubsub" });
        if (!wanted.has(checked.topic)) {
          await subscribe(checked.topic, [checked.topic, topic]);
          wanted.set(checked.topic, { topic: checked.topic, what: checked.what, cost: 0 });
        }
        report();
        return wanted.get(checked.topic);
      } finally {
        asking -= 1;
        rest();
      }
    }

    async function again(topic, times = 0) {
      if (renewing.has(topic) || !wanted.has(topic)) return;
      renewing.add(topic);
      const refusal = await subscribe(topic, [topic]).catch((found) => found);
      renewing.delete(topic);
      if (refusal?.error === "ERR_SERVER") renew(topic, times + 1);
      else if (refusal) end(topic, refusal.sentence, refusal.error);
    }

    // Nobody has refused it: the server has trouble, which passes.
    function renew(topic, times) {
      const longest = Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** times);
      later("again " + topic, longest * (0.5 + Math.random() / 2), () => again(topic, times));
    }

    function end(topic, sentence, error) {
      if (!wanted.delete(topic)) return;
      const refusal = { error: error || "ERR_BADAUTH", sentence };
      tell("note", "ended", { topic, why: sentence }, { topics: [topic], ended: { topic, refusal } });
      rest();
    }

    async function unlisten(topic) {
      if (!wanted.delete(topic)) return;
      await request("UNLISTEN", topic, [topic]);
      rest();
    }

    function rest() {
      report();
      if (wanted.size || asking) return;
      Object.values(timers).forEach(clearTimeout);
      line.stop();
      state("idle", "Not connected");
    }

    return {
      open(event, tellState) {
        onEvent = event;
        onState = tellState;
        state("idle", "Not connected");
      },
      listen,
      unlisten,
      close() {
        Object.values(timers).forEach(clearTimeout);
        wanted.clear();
        line.close();
      },
    };
  };
})(StreamWatch.topics);
