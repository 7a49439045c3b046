// The player: its time moves, it can be paused and muted, and it notices when the stream
// begins or ends. Markup contract: one [data-player] with data-state-url, data-stream,
// data-seconds and data-plays; inside it [data-time], [data-viewers], [data-title],
// [data-plays-button] and [data-mute-button].
(function () {
  "use strict";
  const LOOK_MS = 3000;

  const player = document.querySelector("[data-player]");
  const part = (name) => player.querySelector(`[data-${name}]`);
  const begun = Date.now() - Number(player.dataset.seconds) * 1000;
  let plays = player.dataset.plays === "true";

  function two(number) {
    return String(number).padStart(2, "0");
  }

  function tick() {
    if (!plays || !part("time")) return;
    const seconds = Math.floor((Date.now() - begun) / 1000);
    const hours = Math.floor(seconds / 3600);
    part("time").textContent = `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  function onButton(name, pressed) {
    const button = part(name);
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => pressed(button));
  }

  async function look() {
    try {
      const answer = await fetch(player.dataset.stateUrl);
      const state = await answer.json();
      if (state.stream !== player.dataset.stream) {
        location.reload();
      } else if (state.stream) {
        part("viewers").textContent = state.viewers;
        part("title").textContent = state.title || "Untitled";
      }
    } catch {
      // The simulator is away for a moment: look again later.
    }
    setTimeout(look, LOOK_MS);
  }

  onButton("plays-button", (button) => {
    plays = !plays;
    button.textContent = plays ? "Pause" : "Play";
    tick();
  });
  onButton("mute-button", (button) => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  });
  if (part("plays-button")) part("plays-button").textContent = plays ? "Pause" : "Play";
  setInterval(tick, 250);
  setTimeout(look, LOOK_MS);
})();
