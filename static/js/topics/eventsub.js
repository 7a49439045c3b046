// Topics over EventSub: this page holds the socket at Twitch, which needs no token; the server makes
// the subscriptions for its session. Lost sockets are opened again and everything is asked for anew.
// Offers: StreamWatch.topics.eventsub({ socketUrl, checkUrl, listenUrl, removeUrl }) → the one interface of both
// transports: .open(onEvent, onState), .listen(topic) a promise of { topic, what, cost } or of a refusal,
// .unlisten(topic), .close().
// An event is { way, kind, topics, data, at } and, when a topic is over, `ended: { topic, refusal }`;
// a state is { name, words, againAt, meters, session }.
(function (topics) {
  "use strict";
  const SLACK_MS = 5000; // beyond the keepalive that Twitch promises
  const KNOWN_MESSAGES = 500; // Twitch may send one twice
  const SOCKETS = 3;
  const SUBSCRIPTIONS = 300;
  const COST = 10;
  const AGAIN_MS = 2000;
  const REVOKED = {
    authorization_revoked: "The consent at Twitch was withdrawn.",
    moderator_removed: "You do not moderate this channel any more.",
    user_removed: "The account is gone from Twitch.",
    version_removed: "Twitch no longer sends this.",
  };

  topics.eventsub = function (settings) {
    const wanted = new Map(); // topic → { topic, what, cost, ids }
    const subscriptions = new Map(); // id → { type, cost }
    const seen = new Set();
    const early = []; // events of what the server has not yet told us was made
    let onEvent = () => {};
    let onState = () => {};
    let shown = { name: "idle", words: "" };
    let session = "";
    let generation = 0; // of sockets that began without subscriptions
    let asking = 0;
    let total = 0;
    let most = COST;
    const line = topics.line({ url: settings.socketUrl, heard, broke, state });

    // --- what is told

    function tell(way, kind, data, more) {
      onEvent({ way, kind, topics: [], at: Date.now(), data, ...more });
    }

    function state(name, words, more) {
      shown = { name, words, ...more };
      report();
    }

    function report() {
      const meters = [
        { name: "Connections here", value: session ? 1 : 0, max: SOCKETS },
        { name: "Subscriptions", value: subscriptions.size, max: SUBSCRIPTIONS },
        { name: "Cost", value: total, max: most },
      ];
      onState({ ...shown, meters, session });
    }

    // --- what Twitch sends

    function heard(text, socket) {
      const message = topics.parse(text);
      const kind = message?.metadata?.message_type;
      if (!kind) return tell("in", "unreadable", text);
      const id = message.metadata.message_id;
      if (id && seen.has(id)) return;
      remember(id);
      if (kind === "notification") return notified(message, asking > 0);
      const about = kind === "revocation" ? listenersOf(message.payload.subscription.id) : [];
      tell("in", kind, message, { topics: about, type: message.metadata.subscription_type });
      if (kind === "session_welcome") welcomed(message.payload.session, socket);
      if (kind === "session_reconnect") line.moveTo(message.payload.session.reconnect_url);
      if (kind === "revocation") revoked(message.payload.subscription, about);
    }

    function notified(message, mayWait) {
      const about = listenersOf(message.payload.subscription.id);
      if (!about.length && mayWait) return early.push(message);
      tell("in", "notification", message, { topics: about, type: message.metadata.subscription_type });
    }

    function remember(id) {
      if (!id) return;
      seen.add(id);
      if (seen.size > KNOWN_MESSAGES) seen.delete(seen.values().next().value);
    }

    function listenersOf(id) {
      return [...wanted.values()].filter((one) => one.ids.includes(id)).map((one) => one.topic);
    }

    function welcomed(given, socket) {
      session = given.id;
      const isMove = socket.isMove;
      // Subscriptions carry over to the address that Twitch named, and to no other.
      if (!isMove) generation += 1;
      if (!line.ready(socket)) return;
      line.silence((given.keepalive_timeout_seconds || 10) * 1000 + SLACK_MS);
      state("open", "Connected to Twitch");
      if (!isMove) subscribeAgain();
    }

    function revoked(subscription, about) {
      const why = REVOKED[subscription.status] || "Twitch ended it (" + subscription.status + ").";
      about.forEach((topic) => end(topic, { error: "ERR_BADAUTH", sentence: why }));
    }

    function broke(why, code) {
      session = "";
      tell("note", "closed", { code, why });
      return wanted.size > 0 || asking > 0;
    }

    // --- what is asked for

    async function request(topic) {
      await line.usable();
      const mine = generation;
      const fields = { session_id: session, topic };
      tell("out", "POST", { address: settings.listenUrl, ...fields }, { topics: [topic] });
      const answer = await topics.ask(settings.listenUrl, fields);
      tell("in", "answer", answer, { topics: [topic, answer.topic] });
      // The socket broke meanwhile, and with it what was made for it.
      return mine === generation && session ? answer : request(topic);
    }

    async function subscribe(topic) {
      asking += 1;
      try {
        return keep(await request(topic));
      } finally {
        asking -= 1;
        early.splice(0).forEach((message) => notified(message, asking > 0));
      }
    }

    function keep(answer) {
      const kept = wanted.get(answer.topic);
      for (const one of answer.subscriptions) {
        if (!subscriptions.has(one.id)) subscriptions.set(one.id, { type: one.type, cost: one.cost });
      }
      const ids = answer.subscriptions.map((one) => one.id);
      const cost = answer.subscriptions.reduce((sum, one) => sum + subscriptions.get(one.id).cost, 0);
      const listened = { topic: answer.topic, what: answer.what, cost, ids };
      wanted.set(answer.topic, listened);
      if (kept) orphan(kept.ids);
      total = answer.total_cost ?? total;
      most = answer.max_total_cost ?? most;
      report();
      return listened;
    }

    async function listen(topic) {
      if (wanted.has(topic)) return wanted.get(topic);
      asking += 1;
      try {
        // Nothing is opened for a topic that is refused.
        if (!session) await topics.ask(settings.checkUrl, { topic });
        return await subscribe(topic);
      } catch (refusal) {
        if (!refusal.reopen) throw refusal;
        line.reopen("Connecting anew…");
        return await subscribe(topic);
      } finally {
        asking -= 1;
        rest();
      }
    }

    // After a break: the first at once, for Twitch closes a socket that nothing is asked for.
    async function subscribeAgain() {
      const old = [...subscriptions.keys()];
      const mine = generation;
      subscriptions.clear();
      total = 0;
      for (const topic of [...wanted.keys()]) {
        if (mine !== generation) return;
        await again(topic, old, mine);
      }
    }

    async function again(topic, old, mine) {
      while (wanted.has(topic) && mine === generation) {
        try {
          await subscribe(topic);
          return;
        } catch (refusal) {
          // What the lost socket had may still count; then it makes room.
          if (refusal.status === 429 && old.length) await remove(old.splice(0));
          else if (refusal.is_passing) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
          else end(topic, refusal);
        }
      }
    }

    function end(topic, refusal) {
      const listened = wanted.get(topic);
      if (!listened) return;
      wanted.delete(topic);
      tell("note", "ended", { topic, why: refusal.sentence }, { topics: [topic], ended: { topic, refusal } });
      orphan(listened.ids);
    }

    async function unlisten(topic) {
      const listened = wanted.get(topic);
      if (!listened) return;
      wanted.delete(topic);
      tell("out", "POST", { address: settings.removeUrl, topic }, { topics: [topic] });
      await orphan(listened.ids);
    }

    // Delete those that no topic needs any more; a socket without any is closed.
    async function orphan(ids) {
      const free = ids.filter((id) => subscriptions.has(id) && !listenersOf(id).length);
      for (const id of free) {
        total = Math.max(0, total - subscriptions.get(id).cost);
        subscriptions.delete(id);
      }
      report();
      await remove(free);
      rest();
    }

    async function remove(ids) {
      if (!ids.length) return;
      const fields = ids.map((id) => ["ids", id]);
      await topics.ask(settings.removeUrl, fields).catch(() => {}); // they end with the socket
    }

    function rest() {
      if (wanted.size || asking) return;
      line.stop();
      session = "";
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
      // Twitch ends what the socket had, but what costs something may count for a while.
      close() {
        const dear = [...subscriptions].filter(([, one]) => one.cost);
        const fields = dear.map(([id]) => ["ids", id]);
        wanted.clear();
        subscriptions.clear();
        line.close();
        if (fields.length) topics.ask(settings.removeUrl, fields, { isLast: true }).catch(() => {});
      },
    };
  };
})(StreamWatch.topics);
