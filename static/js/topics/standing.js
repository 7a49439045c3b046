// How the connection stands: in words that are always seen, and its limits as meters.
// Markup contract: in [data-topics] one [data-topics-state] with [data-state-words], and [data-meters].
// Offers: StreamWatch.topics.standing(root) → .show(state) .heard(); states are those of eventsub.js.
(function (topics) {
  "use strict";
  const TICK_MS = 1000;
  const QUIET_SECONDS = 3;

  topics.standing = function (root) {
    const box = root.querySelector("[data-topics-state]");
    const words = root.querySelector("[data-state-words]");
    const meters = root.querySelector("[data-meters]");
    let state = { name: "idle", words: "", meters: [] };
    let heardAt = 0;

    function sentence() {
      const now = Date.now();
      if (state.name === "lost" && state.againAt) {
        const seconds = Math.max(0, Math.ceil((state.againAt - now) / 1000));
        return state.words.replace("Trying again…", "Trying again in " + seconds + " s");
      }
      const seconds = Math.floor((now - heardAt) / 1000);
      // Only Twitch's own socket promises to say something every few seconds.
      if (state.name !== "open" || !state.session || !heardAt || seconds < QUIET_SECONDS) return state.words;
      return state.words + " · heard " + seconds + " s ago";
    }

    function tick() {
      const text = sentence();
      if (words.textContent !== text) words.textContent = text;
    }

    // Made once a name, so that a reader's place in them is not lost.
    function measure(given) {
      if ([...meters.children].map((one) => one.dataset.name).join() !== given.map((one) => one.name).join()) {
        meters.replaceChildren(...given.map(draw));
      }
      given.forEach(function ({ value, max }, at) {
        const row = meters.children[at];
        const meter = row.querySelector("meter");
        meter.max = max;
        meter.high = max * 0.8;
        meter.value = value;
        row.querySelector("[data-number]").textContent = value + " of " + max;
      });
    }

    function draw({ name }) {
      const row = document.createElement("label");
      row.className = "topics-meter";
      row.dataset.name = name;
      const head = document.createElement("span");
      head.textContent = name;
      const number = document.createElement("span");
      number.className = "figures";
      number.dataset.number = "";
      const meter = document.createElement("meter");
      meter.optimum = 0;
      row.append(head, number, meter);
      return row;
    }

    function show(given) {
      const isNews = given.name !== state.name;
      state = given;
      box.dataset.state = given.name;
      if (given.name !== "open") heardAt = 0;
      tick();
      measure(given.meters);
      if (isNews && given.name !== "connecting") StreamWatch.announce(given.words, "", "topics-state");
    }

    setInterval(() => !document.hidden && tick(), TICK_MS);
    return { show, heard: () => ((heardAt = Date.now()), tick()) };
  };
})(StreamWatch.topics);
