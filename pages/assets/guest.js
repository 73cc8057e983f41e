// Counts down to the opening and shows the meeting on the reader's own clock. The page says it all without this.
"use strict";
(() => {
  const lang = document.documentElement.lang;

  const yours = document.querySelector(".yours");
  if (yours) {
    const starts = new Date(yours.dataset.starts), ends = new Date(yours.dataset.ends);
    if (-starts.getTimezoneOffset() !== Number(yours.dataset.offset)) {
      const format = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
      yours.textContent = `${yours.dataset.label} ${format.formatRange(starts, ends)}`;
      yours.hidden = false;
    }
  }

  // Not over the head of somebody who is writing.
  const again = () => ([...document.querySelectorAll("textarea")].some((area) => area.value) ? undefined : location.reload());
  if (document.body.dataset.live) new EventSource(document.body.dataset.live).addEventListener("changed", again);

  const countdown = document.querySelector(".countdown");
  if (!countdown) return;
  // The server's clock decides, not the reader's: only the time since loading is measured here.
  const total = new Date(countdown.dataset.until) - new Date(countdown.dataset.now);
  const output = countdown.querySelector("output");
  const words = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
  const loaded = performance.now();
  const tick = () => {
    const seconds = Math.ceil((total - (performance.now() - loaded)) / 1000);
    if (seconds <= 0) return again();
    output.textContent =
      seconds >= 172800 ? words.format(Math.floor(seconds / 86400), "day")
      : seconds >= 7200 ? words.format(Math.floor(seconds / 3600), "hour")
      : seconds >= 120 ? words.format(Math.floor(seconds / 60), "minute")
      : words.format(seconds, "second");
    countdown.hidden = false;
    setTimeout(tick, seconds > 7200 ? 30000 : 1000);
  };
  tick();
})();
