// The chat room in the theme of the page; Twitch takes it from the frame's address alone.
// Markup contract: [data-chat] (its address) with data-chat-dark and data-chat-title; the frame is put
// into it. Without this script the page has a light one.
// Listens to "streamwatch:watching" on document, and to the theme on <html>.
(function ($) {
  "use strict";
  const root = document.documentElement;

  function show() {
    const isDark = root.dataset.bsTheme === "dark";
    for (const box of document.querySelectorAll("[data-chat]")) {
      const url = isDark ? box.dataset.chatDark : box.dataset.chat;
      const shown = box.querySelector("iframe");
      if (shown && shown.getAttribute("src") === url) continue;
      // A new frame each time: another address in the same one would be a step of the back button.
      const frame = document.createElement("iframe");
      frame.src = url;
      frame.title = box.dataset.chatTitle;
      box.replaceChildren(frame);
    }
  }

  show();
  $(document).on("streamwatch:watching", show);
  new MutationObserver(show).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });
})(jQuery);
