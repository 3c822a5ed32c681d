// Runs in each page before its own scripts: makes its clocks wrong, and notes where its picture is by the right one.

(({ skewMs, ppm, isSilent, identity, volume }) => {
  const rightNow = performance.now.bind(performance);
  const rightDate = Date.now.bind(Date);
  const wrong = () => 10_000 + skewMs + (rightNow() * ppm) / 1e6;
  const truth = () => performance.timeOrigin + rightNow();
  performance.now = () => rightNow() + wrong();
  Date.now = () => Math.round(rightDate() + wrong());

  const username = identity.username + Math.random().toString(36).slice(2, 8);
  localStorage["bunga.identity"] ??= JSON.stringify({ ...identity, username });
  localStorage["bunga.volume"] ??= JSON.stringify(volume);

  // The same film without its sound is another file.
  const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "src");
  const set = function (url) {
    source.set.call(this, isSilent ? url.replace(/\.(\w+)$/, "-silent.$1") : url);
  };
  Object.defineProperty(HTMLMediaElement.prototype, "src", { ...source, set });

  const noted = { looks: [], frames: [], states: [], openedAt: null };
  const Right = WebSocket;
  window.WebSocket = class extends Right {
    constructor(...args) {
      super(...args);
      this.addEventListener("open", () => (noted.openedAt ??= truth()));
      this.addEventListener("message", ({ data }) => {
        const message = JSON.parse(data);
        if (message.code === "state") noted.states.push([truth(), message]);
      });
    }
  };

  // Where a frame belongs, and when it is seen.
  function onFrame(_now, { expectedDisplayTime, mediaTime }) {
    noted.frames.push([performance.timeOrigin + expectedDisplayTime, mediaTime * 1_000]);
    video.requestVideoFrameCallback(onFrame);
  }

  let video = null;
  setInterval(() => {
    if (!video) {
      video = document.getElementById("video");
      video?.requestVideoFrameCallback(onFrame);
    }
    if (!video || video.readyState === 0) return;
    const position = video.currentTime * 1_000;
    noted.looks.push([truth(), position, video.playbackRate, video.paused, video.seeking]);
  }, 25);

  // Hand over what was noted since the last time.
  window.takeNotes = () => {
    const { looks, frames, states, openedAt } = noted;
    noted.looks = [];
    noted.frames = [];
    noted.states = [];
    return { looks, frames, states, openedAt, learned: JSON.parse(localStorage["bunga.learned"] ?? "{}") };
  };
})(CONFIG);
