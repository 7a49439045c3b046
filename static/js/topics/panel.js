// The topics panel: takes what is typed to the chosen connection, and shows what comes of it.
// Markup contract: one [data-topics] with data-viewer, data-socket-url, data-pubsub-path,
// data-catalogue-url, data-check-url, data-listen-url, data-remove-url; in it a form
// [data-topic-form], radios [data-transport], and [data-refusal] with [data-refusal-words],
// [data-refusal-allow], [data-refusal-login]; what the other files of this folder ask for besides.
(function (topics) {
  "use strict";
  const root = document.querySelector("[data-topics]");
  if (!root) return;

  const input = root.querySelector("[data-topic-input]");
  const refusalBox = root.querySelector("[data-refusal]");
  const logIn = root.querySelector("[data-refusal-login]");
  const allow = root.querySelector("[data-refusal-allow]");
  const settings = {
    socketUrl: root.dataset.socketUrl,
    pubsubPath: root.dataset.pubsubPath,
    checkUrl: root.dataset.checkUrl,
    listenUrl: root.dataset.listenUrl,
    removeUrl: root.dataset.removeUrl,
  };
  const remembered = topics.remembering(root.dataset.viewer);
  const standing = topics.standing(root);
  const console_ = topics.console(root);
  const list = topics.listing(root, stop);
  let chosen = remembered.transport();
  const completion = topics.completing(
    root,
    () => topics.read(root.dataset.catalogueUrl),
    () => chosen,
  );
  let connection = null;
  const had = new Set(); // topics that this tab has asked for

  function connect() {
    const name = "streamwatch.topics." + root.dataset.viewer + "." + chosen;
    const made = topics.shared(() => topics[chosen](settings), name);
    connection = made;
    // Whatever an earlier connection still says is not heard.
    made.open(
      (entry) => made === connection && happened(entry),
      (state) => made === connection && standing.show(state),
    );
  }

  // --- what comes

  function happened(entry) {
    const isEvent = entry.kind === "notification" || entry.kind === "MESSAGE";
    const mine = entry.topics.filter((topic) => (isEvent ? list.has(topic) : had.has(topic)));
    if (entry.way === "in") standing.heard();
    // Another tab's, or the connection's while this tab wants none.
    if (entry.topics.length ? !mine.length : !list.names().length) return;
    console_.add({ ...entry, topics: mine });
    if (isEvent) {
      mine.forEach(list.heard);
      StreamWatch.announce((entry.type || "An event") + " on " + mine[0], "events", "topic " + mine[0]);
    }
    if (entry.ended) ended(entry.ended);
  }

  // What it listened to is remembered: it goes on when the same viewer comes back.
  function left(refusal) {
    connection.close();
    connect();
    list.clear();
    refuse("", refusal);
  }

  function drop(topic) {
    list.drop(topic);
    remembered.keep(list.names());
  }

  function ended({ topic, refusal }) {
    drop(topic);
    refuse(topic, refusal);
  }

  // --- refusals

  // Back to where the page is when the link is followed: its address may have changed by then.
  function leadBack(link, url) {
    link.hidden = !url;
    link.href = url || "#topics";
  }

  function setNext({ currentTarget: link }) {
    const address = new URL(link.href);
    address.searchParams.set("next", window.location.pathname + window.location.search);
    link.href = address.href;
  }

  function refuse(topic, refusal) {
    const about = topic ? [topic] : [];
    console_.add({ way: "note", kind: "refused", topics: about, at: Date.now(), data: refusal });
    root.querySelector("[data-refusal-words]").textContent = (topic && topic + ": ") + refusal.sentence;
    leadBack(logIn, refusal.login_url);
    leadBack(allow, refusal.allow_url);
    allow.dataset.topic = topic;
    refusalBox.hidden = false;
  }

  function forgive() {
    refusalBox.hidden = true;
  }

  // --- what the viewer does

  async function listen(topic) {
    had.add(topic);
    list.wait(topic);
    remembered.keep(list.names());
    const through = connection;
    try {
      const found = await through.listen(topic);
      if (through !== connection) return null;
      if (found.topic !== topic) list.drop(topic);
      had.add(found.topic);
      list.put(found, topic);
      remembered.keep(list.names());
      return found;
    } catch (refusal) {
      if (through !== connection) return null;
      drop(topic);
      refuse(topic, refusal.sentence ? refusal : { sentence: "Something went wrong: " + refusal });
      return null;
    }
  }

  async function submitted(event) {
    event.preventDefault();
    const topic = input.value.trim();
    input.value = "";
    completion.close();
    forgive();
    if (!topic) return refuse("", { sentence: "Type a topic first." });
    if (list.has(topic)) return StreamWatch.announce("Already listening to " + topic);
    const found = await listen(topic);
    if (found) StreamWatch.announce("Listening to " + found.topic);
    else if (!input.value) input.value = topic;
  }

  function stop(topic) {
    drop(topic);
    connection.unlisten(topic).catch(() => {});
  }

  async function chose(transport) {
    if (transport === chosen) return;
    const names = list.names();
    remembered.choose(transport);
    chosen = transport;
    connection.close();
    forgive();
    connect();
    await Promise.all(names.map(listen));
  }

  // --- the page

  root.querySelector("[data-topic-form]").addEventListener("submit", submitted);
  for (const link of [logIn, allow]) {
    for (const way of ["click", "auxclick"]) link.addEventListener(way, setNext);
  }
  allow.addEventListener("click", () => remembered.ask(allow.dataset.topic));
  for (const radio of root.querySelectorAll("[data-transport]")) {
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", () => chose(radio.value));
  }
  window.addEventListener("pagehide", () => connection.close());
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  connect();
  topics.staying(root, () => list.names().length > 0, left);
  // After Twitch was asked for more, or another page: on with what this tab listened to.
  const asked = remembered.asked();
  for (const topic of new Set([...remembered.topics(), asked])) if (topic) listen(topic);
})(StreamWatch.topics);
