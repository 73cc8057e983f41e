// Keeps the overview and the lists fresh. The pages work without it.
"use strict";
(() => {
  if (!document.body.dataset.live) return;
  const refresh = async () => {
    if (document.hidden || document.activeElement?.closest("form")) return;
    try {
      const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const said = document.querySelector(".said");
      for (const id of ["boxes", "main"]) {
        const old = document.getElementById(id), fresh = page.getElementById(id);
        if (id === "main" && said) fresh.prepend(said.cloneNode(true));
        if (old.innerHTML !== fresh.innerHTML) old.replaceChildren(...fresh.childNodes);
      }
    } catch { /* the server is gone: the next round tries again */ }
  };
  setInterval(refresh, 2000);
})();
