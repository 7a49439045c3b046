// Whether the page is still of who is logged in: another tab may have logged out, or somebody else in.
// Markup contract: [data-topics data-viewer data-viewer-url data-login-url].
// Offers: StreamWatch.topics.staying(root, isOn, left): asks once a minute while `isOn()`, and when the
// page is looked at again; `left(refusal)` is called when the viewer is another.
(function (topics) {
  "use strict";
  const LOOK_MS = 60000;

  topics.staying = function (root, isOn, left) {
    async function look() {
      if (!isOn()) return;
      const answer = await topics.read(root.dataset.viewerUrl).catch(() => null); // then the next time
      if (!answer || String(answer.viewer) === root.dataset.viewer || !isOn()) return;
      const who = answer.viewer ? "Somebody else is logged in here now." : "You are logged out.";
      left({
        error: "ERR_BADAUTH",
        sentence: who + " Nothing is listened to any more.",
        login_url: root.dataset.loginUrl,
      });
    }

    setInterval(look, LOOK_MS);
    document.addEventListener("visibilitychange", () => document.hidden || look());
  };
})(StreamWatch.topics);
