// Asks our own server about topics; what it refuses comes as { error, sentence, ... }.
// Each asking says whose page it is, so that nothing is done in the name of who logged in since.
// Markup contract: in [data-topics data-viewer data-login-url] one [name=csrfmiddlewaretoken].
// Offers: StreamWatch.topics.ask(url, fields, { isLast }) and .read(url): promises of the answer,
// rejected with a refusal. `isLast` is for a page that is being left.
(function () {
  "use strict";
  const TIMEOUT_MS = 20000; // Twitch may take 5 s, for each type that the topic needs
  const root = document.querySelector("[data-topics]");
  const OUT = {
    error: "ERR_BADAUTH",
    sentence: "You are logged out.",
    login_url: root?.dataset.loginUrl,
  };
  const NO_ANSWER = {
    error: "ERR_SERVER",
    sentence: "StreamWatch gives no answer. Try again in a moment.",
    is_passing: true,
  };

  async function send(url, options) {
    const response = await fetch(url, { ...options, credentials: "same-origin" }).catch(() => null);
    if (!response) throw NO_ANSWER;
    // Who is logged out is led to the login.
    if (response.redirected) throw OUT;
    const body = await response.json().catch(() => null);
    if (!body) throw response.status === 403 ? OUT : NO_ANSWER;
    if (!response.ok) throw { ...body, status: response.status };
    return body;
  }

  function ask(url, fields, options) {
    const body = new URLSearchParams(fields);
    body.set("viewer", root.dataset.viewer);
    // The cookie's where there is one: a login in another tab has changed it.
    const cookie = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie);
    const token = cookie ? cookie[1] : root.querySelector("[name=csrfmiddlewaretoken]").value;
    return send(url, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token },
      ...(options && options.isLast ? { keepalive: true } : { signal: AbortSignal.timeout(TIMEOUT_MS) }),
    });
  }

  const read = (url) => send(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });

  window.StreamWatch.topics = { ask, read };
})();
