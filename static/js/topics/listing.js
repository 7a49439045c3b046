// The list of what is listened to: each with what it is, how often something came, and an end.
// Markup contract: in [data-topics] one ul [data-listening] with a template [data-listening-template],
// and [data-listening-empty].
// Offers: StreamWatch.topics.listing(root, stop) → .put({ topic, what, cost }, typed) .wait(topic)
// .heard(topic) .drop(topic) .clear() .names() as they were typed, .has(topic); `stop(topic)` is called by a row's button.
(function (topics) {
  "use strict";

  topics.listing = function (root, stop) {
    const list = root.querySelector("[data-listening]");
    const template = root.querySelector("[data-listening-template]");
    const empty = root.querySelector("[data-listening-empty]");
    const rows = new Map(); // topic → { element, count, typed }

    const part = (row, name) => row.element.querySelector("[data-listening-" + name + "]");

    function add(topic) {
      const element = template.content.firstElementChild.cloneNode(true);
      const row = { element, count: 0, typed: topic };
      element.dataset.topic = topic;
      part(row, "name").textContent = topic;
      part(row, "stop").setAttribute("aria-label", "Stop listening to " + topic);
      part(row, "stop").addEventListener("click", () => stop(topic));
      rows.set(topic, row);
      list.append(element);
      empty.hidden = true;
      return row;
    }

    function wait(topic) {
      const row = rows.get(topic) || add(topic);
      row.element.dataset.state = "waiting";
      part(row, "what").textContent = "Asking…";
    }

    // A login says more than an id, which is what Twitch goes by.
    function put({ topic, what, cost }, typed) {
      const row = rows.get(topic) || add(topic);
      row.typed = typed;
      part(row, "name").textContent = typed;
      part(row, "full").textContent = typed === topic ? "" : topic;
      row.element.dataset.state = "listening";
      part(row, "what").textContent = what || "";
      part(row, "cost").textContent = cost ? "cost " + cost : "";
    }

    function heard(topic) {
      const row = rows.get(topic);
      if (!row) return;
      row.count += 1;
      part(row, "count").textContent = row.count === 1 ? "1 event" : row.count + " events";
      row.element.classList.remove("is-heard");
      void row.element.offsetWidth; // begins the animation anew
      row.element.classList.add("is-heard");
    }

    function drop(topic) {
      const row = rows.get(topic);
      if (!row) return;
      const hadFocus = row.element.contains(document.activeElement);
      row.element.remove();
      rows.delete(topic);
      empty.hidden = rows.size > 0;
      if (hadFocus) root.querySelector("[data-topic-input]").focus();
    }

    return {
      put,
      wait,
      heard,
      drop,
      clear: () => [...rows.keys()].forEach(drop),
      has: (topic) => rows.has(topic),
      names: () => [...rows.values()].map((row) => row.typed),
    };
  };
})(StreamWatch.topics);
