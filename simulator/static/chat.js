// The chat: new lines arrive by a WebSocket, and writing does not leave the page.
// Markup contract: one [data-chat] with data-lines-url and data-last; inside it [data-lines],
// [data-wrong] and the form [data-write].
(function () {
  "use strict";
  const AGAIN_MS = 1000;
  const MOST = 200;

  const chat = document.querySelector("[data-chat]");
  const lines = chat.querySelector("[data-lines]");
  const wrong = chat.querySelector("[data-wrong] bdi");
  const form = chat.querySelector("[data-write]");
  let last = Number(chat.dataset.last);

  function piece(tag, text, name) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  function add(line) {
    if (line.id <= last) return;
    last = line.id;
    const item = document.createElement("p");
    item.dataset.line = line.id;
    const time = piece("time", line.at.slice(11, 16));
    time.dateTime = line.at;
    item.append(time, " ");
    line.badges.forEach((badge) => item.append(piece("span", badge, "badge"), " "));
    item.append(piece("bdi", line.name, "name"), ": ", piece("bdi", line.text));
    lines.append(item);
    while (lines.children.length > MOST) lines.firstElementChild.remove();
    lines.scrollTop = lines.scrollHeight;
  }

  function listen() {
    const address = new URL(chat.dataset.linesUrl, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("after", last);
    const socket = new WebSocket(address);
    socket.onmessage = (message) => add(JSON.parse(message.data));
    socket.onclose = () => setTimeout(listen, AGAIN_MS);
  }

  async function write(event) {
    event.preventDefault();
    const field = form.elements.text;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
      });
      const said = await answer.json();
      wrong.textContent = said.sentence;
      if (answer.ok) field.value = "";
    } catch {
      wrong.textContent = "Not sent: the local Twitch does not answer.";
    }
    field.focus();
  }

  form.addEventListener("submit", write);
  lines.scrollTop = lines.scrollHeight;
  listen();
})();
