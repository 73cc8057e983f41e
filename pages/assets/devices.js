// Tests camera and microphone on the reader's own screen, and notes the outcome in the form for the support. Nothing is sent or kept.
"use strict";
(() => {
  const test = document.querySelector(".test");
  if (!test) return;
  const form = document.querySelector("form.lost");
  const can = Boolean(navigator.mediaDevices?.getUserMedia && window.RTCPeerConnection);
  if (form) form.elements.calls.value = can ? "yes" : "no";
  test.hidden = false;
  const start = test.querySelector(".start"), stop = test.querySelector(".stop"), video = test.querySelector("video");
  const level = test.querySelector(".level"), meter = test.querySelector("meter");
  const failures = {
    NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", OverconstrainedError: "missing",
    NotReadableError: "busy", AbortError: "busy",
  };
  let streams = [], sound = null;

  const tell = (device, outcome) => {
    const line = test.querySelector(`.${device}`);
    line.textContent = `${line.dataset.label} ${test.dataset[outcome]}`;
    line.dataset.outcome = outcome;
    if (form) form.elements[device].value = outcome;
  };
  const end = () => {
    streams.flatMap((stream) => stream.getTracks()).forEach((track) => track.stop());
    streams = [];
    sound?.close();
    sound = null;
    video.hidden = level.hidden = stop.hidden = true;
    start.hidden = false;
  };
  const open = async (device, wanted, show) => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      streams.push(stream);
      show(stream);
      tell(device, "works");
    } catch (error) {
      tell(device, failures[error.name] ?? "busy");
    }
  };
  const picture = (stream) => {
    video.srcObject = stream;
    video.hidden = false;
    // A browser that does not start it shows a still picture, which is enough.
    video.play().catch(() => {});
  };
  const listen = (stream) => {
    sound = new AudioContext();
    const analyser = sound.createAnalyser(), samples = new Float32Array(analyser.fftSize);
    sound.createMediaStreamSource(stream).connect(analyser);
    level.hidden = false;
    const tick = () => {
      if (!sound) return;
      analyser.getFloatTimeDomainData(samples);
      meter.value = Math.min(1, 4 * Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
      requestAnimationFrame(tick);
    };
    tick();
  };

  start.addEventListener("click", async () => {
    if (!can) {
      test.querySelector(".found").textContent = test.dataset.unable;
      return;
    }
    start.hidden = true;
    stop.hidden = false;
    // One after the other: who has no camera may still have a microphone.
    await open("camera", { video: true }, picture);
    await open("microphone", { audio: true }, listen);
  });
  stop.addEventListener("click", end);
  addEventListener("pagehide", end);
})();
