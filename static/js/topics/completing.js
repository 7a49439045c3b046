// Completes a topic while one types: first its kind, then whose it is.
// Markup contract: in [data-topics] an input [data-topic-input] (role=combobox), its list
// [data-topic-options] (role=listbox) and [data-topic-hint]. Who plays on the same page comes first:
// its [data-slot data-login].
// The catalogue is { kinds: [{ word, spelling, what, whose, types, scopes, cost, nearest,
// missing: { eventsub: [scope], pubsub: [scope], own: [scope] } }],
// people: [{ login, name, id, is_viewer }] }; `own` is what PubSub needs besides in one's own channel.
// Keys: arrows, Enter takes, Escape closes.
// Offers: StreamWatch.topics.completing(root, read, transport): `read()` is a promise of the
// catalogue, `transport()` "eventsub" or "pubsub".
(function (topics) {
  "use strict";
  const MOST = 60;

  function make(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  }

  const shape = (kind) => kind.word + kind.whose.map((whose) => ".<" + whose + ">").join("");

  topics.completing = function (root, read, transport) {
    const input = root.querySelector("[data-topic-input]");
    const list = root.querySelector("[data-topic-options]");
    const hint = root.querySelector("[data-topic-hint]");
    const firstHint = hint.textContent;
    let catalogue = null;
    let reading = null;
    let turn = 0; // what came of an earlier one is not shown
    let options = []; // { text, isWhole }
    let active = -1;

    // Once a page; after a failure again at the next letter.
    async function load() {
      reading = reading || read();
      try {
        catalogue = await reading;
      } catch {
        reading = null;
      }
      return catalogue;
    }

    // --- what fits

    function kindOf(text) {
      const fitting = catalogue.kinds.filter((kind) => text.toLowerCase().startsWith(kind.word + "."));
      return fitting.sort((a, b) => b.word.length - a.word.length)[0];
    }

    function kindOptions(text) {
      const words = text.toLowerCase().split(/\s+/);
      const fits = (kind) => words.every((word) => (shape(kind) + " " + kind.what).toLowerCase().includes(word));
      const begins = (kind) => kind.word.startsWith(words[0]);
      return catalogue.kinds
        .filter(fits)
        .sort((a, b) => !a.types.length - !b.types.length || begins(b) - begins(a))
        .map((kind) => ({ kind, text: (kind.types.length ? kind.word : kind.nearest) + "." }));
    }

    // Those who play on this page now, the viewer, and whom the viewer is subscribed to.
    function people() {
      const playing = [...document.querySelectorAll("[data-slot][data-login]")].map((slot) => slot.dataset.login);
      const known = new Map(catalogue.people.map((one) => [one.login, one]));
      const first = playing.map((login) => ({ ...(known.get(login) || { login, name: login, id: "" }), isPlaying: true }));
      return [...first, ...catalogue.people.filter((one) => !playing.includes(one.login))];
    }

    function personOptions(kind, text) {
      const parts = text.slice(kind.word.length + 1).split(".");
      const typed = parts.pop().toLowerCase();
      if (parts.length >= kind.whose.length) return [];
      const isOwn = kind.whose[parts.length] === "viewer";
      const isLast = parts.length === kind.whose.length - 1;
      const begin = [kind.word, ...parts].join(".");
      return people()
        .filter((one) => one.is_viewer || !isOwn)
        .filter((one) => one.login.includes(typed) || one.name.toLowerCase().includes(typed) || one.id.startsWith(typed))
        .filter((one) => one.login !== typed || !isLast)
        .map((person) => ({ person, isWhole: isLast, text: begin + "." + person.login + (isLast ? "" : ".") }));
    }

    // --- showing

    function badges(kind) {
      const row = make("span", "topic-badges", "");
      if (!kind.types.length) row.append(make("span", "tag tag-late", "no longer sent"));
      else if (kind.missing[transport()].length) row.append(make("span", "tag tag-late", "needs consent"));
      else row.append(make("span", "tag", kind.scopes.length ? "allowed" : "no consent needed"));
      if (kind.cost) row.append(make("span", "topic-cost", "cost " + kind.cost));
      return row;
    }

    function kindRow(kind) {
      const row = document.createDocumentFragment();
      const head = make("span", "topic-option-head", "");
      head.append(make("code", "", shape(kind)), badges(kind));
      const nearest = kind.types.length ? "" : kind.nearest ? ". Nearest: " + kind.nearest : ". Nothing like it is left.";
      row.append(head, make("span", "aside", kind.what + nearest));
      return row;
    }

    function personRow(person) {
      const row = document.createDocumentFragment();
      const head = make("span", "topic-option-head", "");
      const login = [person.login, person.id].filter(Boolean).join(" · ");
      head.append(make("bdi", "who", person.name), make("span", "login", login));
      if (person.isPlaying) head.append(make("span", "tag", "on this page"));
      if (person.is_viewer) head.append(make("span", "tag", "you"));
      row.append(head);
      return row;
    }

    function show(found) {
      options = found.slice(0, MOST);
      list.replaceChildren(
        ...options.map(function (option, at) {
          const row = make("li", "topic-option", "");
          row.id = "topic-option-" + at;
          row.setAttribute("role", "option");
          row.setAttribute("aria-selected", "false");
          row.append(option.kind ? kindRow(option.kind) : personRow(option.person));
          return row;
        }),
      );
      list.hidden = !options.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      activate(-1);
    }

    function close() {
      turn += 1;
      show([]);
      explain();
    }

    function activate(at) {
      active = at;
      [...list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
      if (at < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }

    function explain() {
      const kind = catalogue && kindOf(input.value.trim());
      hint.textContent = firstHint;
      if (!kind) return;
      const cost = kind.cost ? " Over EventSub it costs " + kind.cost + " of 10." : "";
      hint.textContent = kind.what + ". " + consent(kind) + cost;
    }

    function consent(kind) {
      const own = transport() === "pubsub" ? kind.missing.own : [];
      const lacking = kind.missing[transport()];
      const inOwn = own.length ? " In your own channel it also needs " + own.join(", ") + "." : "";
      if (lacking.length) return "It still needs your consent: " + lacking.join(", ") + "." + inOwn;
      return (kind.scopes.length ? "You have allowed it." : "It needs no consent.") + inOwn;
    }

    async function suggest() {
      turn += 1;
      const mine = turn;
      if (!(await load()) || mine !== turn || document.activeElement !== input) return;
      const text = input.value.trim();
      const kind = kindOf(text);
      show(kind ? personOptions(kind, text) : kindOptions(text));
      explain();
    }

    function take(at) {
      const option = options[at];
      if (option.text === ".") return;
      input.value = option.text;
      input.focus();
      if (option.isWhole) close();
      else suggest();
    }

    function pressed(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        if (!options.length) return suggest();
        return activate((active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length);
      }
      if (event.key === "Escape" && options.length) {
        event.preventDefault();
        return close();
      }
      if (event.key !== "Enter") return;
      if (active < 0) return close();
      event.preventDefault();
      take(active);
    }

    input.addEventListener("focus", suggest);
    input.addEventListener("input", suggest);
    input.addEventListener("click", suggest);
    input.addEventListener("keydown", pressed);
    input.addEventListener("blur", close);
    // Not a click: that comes after the blur.
    list.addEventListener("mousedown", function (event) {
      event.preventDefault();
      const row = event.target.closest("[role=option]");
      if (row) take([...list.children].indexOf(row));
    });
    return { close };
  };
})(StreamWatch.topics);
