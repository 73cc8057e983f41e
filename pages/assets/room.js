// Jitsi in this page: shown, warned of the end, and left at the end. Without it the link beside it leads to Jitsi's own page.
"use strict";
(() => {
  const box = document.querySelector("#room");
  const { domain, room, token, secure, closes, now, back } = box.dataset;
  const trouble = () => { box.querySelector(".trouble").hidden = false; };
  if (!window.JitsiMeetExternalAPI) return trouble();
  const api = new JitsiMeetExternalAPI(domain, {
    roomName: room, jwt: token, noSSL: secure !== "true", parentNode: box, width: "100%", height: "100%", lang: document.documentElement.lang,
    configOverwrite: { disableDeepLinking: true, disableInviteFunctions: true, enableClosePage: false },
  });
  const leave = () => { api.dispose(); location.replace(back); };
  api.addListener("readyToClose", leave);
  api.addListener("errorOccurred", ({ error }) => { if (error?.isFatal) trouble(); });

  // The server's clock decides: only the time since loading is measured here.
  const total = new Date(closes) - new Date(now), warning = 300000, longest = 2147483647;
  const after = (wait, act) => (wait > longest ? setTimeout(() => after(wait - longest, act), longest) : setTimeout(act, Math.max(0, wait)));
  after(total - warning, () => { document.querySelector(".ending").hidden = false; });
  after(total, () => { api.executeCommand("hangup"); setTimeout(leave, 2000); });
})();
