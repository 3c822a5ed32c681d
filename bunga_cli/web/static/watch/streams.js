// Opens an address in a <video>: what browsers play by themselves, and HLS through hls.js, which is fetched only then.

const NATIVE = "application/vnd.apple.mpegurl";
const SETTINGS = {
  enableWorker: false, // its worker is made of a text, which our pages do not allow
  backBufferLength: 60,
};

// Begin to load; `fail(isUndecodable)` is called once if that comes to nothing. Returns what ends it.
export function openSource(video, { url, isStream }, fail) {
  if (isStream) return openStream(video, url, fail);
  video.src = url;
  return () => {};
}

// Whether this browser plays streams at all, with hls.js or without.
export function playsStreams(video) {
  return Boolean(globalThis.ManagedMediaSource ?? globalThis.MediaSource) || video.canPlayType(NATIVE) !== "";
}

function openStream(video, url, fail) {
  let hls = null;
  let isClosed = false;

  // Other than hls.js, a browser may fetch what its server shows to no script.
  function giveUp(isUndecodable) {
    if (isClosed) return;
    hls?.destroy();
    hls = null;
    if (video.canPlayType(NATIVE) && video.getAttribute("src") !== url) video.src = url;
    else fail(isUndecodable);
  }

  async function begin() {
    const { default: Hls } = await import("../vendor/hls.min.js");
    if (isClosed) return;
    if (!Hls.isSupported()) return giveUp(true);
    hls = new Hls(SETTINGS);
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => fatal && giveUp(type === Hls.ErrorTypes.MEDIA_ERROR));
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  begin().catch(() => giveUp(false));
  return () => {
    isClosed = true;
    hls?.destroy();
  };
}
