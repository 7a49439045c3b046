// What outlives the page: the topics of this tab, so that it goes on after Twitch was asked for more;
// how this browser connects. Storage may be switched off; then it lasts as long as the page.
// Offers: StreamWatch.topics.remembering(viewer) → .topics() .keep(topics) .asked() .ask(topic)
// .transport() .choose(transport).
(function (topics) {
  "use strict";
  const TRANSPORT = "streamwatch.topics.transport";

  function get(storage, key) {
    try {
      return window[storage].getItem(key);
    } catch {
      return null;
    }
  }

  function set(storage, key, value) {
    try {
      if (value === null) window[storage].removeItem(key);
      else window[storage].setItem(key, value);
    } catch {
      // Said above.
    }
  }

  topics.remembering = function (viewer) {
    const LISTENED = "streamwatch.topics." + viewer;
    const ASKED = LISTENED + ".asked";
    return {
      topics() {
        const kept = topics.parse(get("sessionStorage", LISTENED) || "[]");
        return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
      },
      keep: (names) => set("sessionStorage", LISTENED, names.length ? JSON.stringify(names) : null),
      // The topic that Twitch is being asked for; given once.
      asked() {
        const topic = get("sessionStorage", ASKED);
        set("sessionStorage", ASKED, null);
        return topic;
      },
      ask: (topic) => set("sessionStorage", ASKED, topic),
      transport: () => (get("localStorage", TRANSPORT) === "pubsub" ? "pubsub" : "eventsub"),
      choose: (transport) => set("localStorage", TRANSPORT, transport),
    };
  };
})(StreamWatch.topics);
