// A stream of server-sent events that belongs to a page as long as it is open.
//
//   live("/console/…/stream", (message) => …, { onGone: () => … })
//
// The server sends JSON, or a sign of life every 10 s. A connection that is lost, or silent for too long (as after a
// sleep), is opened again by itself; until then #connection-lost says so, and the document gets the events `live:lost`
// and `live:back`. A session that is over leads to the sign-in.
// This reads with fetch and not with EventSource, which does not tell why a server refused.

const SILENT_MS = 25_000;
const SHOWN_AFTER_MS = 1_500;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5_000;

export function live(url, onMessage, { onGone = () => {} } = {}) {
  const banner = document.getElementById("connection-lost");
  let connection, heardAt, hurry, showing;
  let hasEnded = false;
  let isStopped = false;
  let retryMs = FIRST_RETRY_MS;

  function tell(isLost) {
    if (banner.hidden !== isLost) return;
    banner.hidden = !isLost;
    document.dispatchEvent(new Event(isLost ? "live:lost" : "live:back"));
  }

  function lost() {
    showing ??= setTimeout(() => tell(true), SHOWN_AFTER_MS);
  }

  function heard() {
    heardAt = Date.now();
    clearTimeout(showing);
    showing = undefined;
    tell(false);
    retryMs = FIRST_RETRY_MS;
  }

  function end() {
    hasEnded = true;
    connection?.abort();
    hurry?.();
  }

  async function read() {
    connection = new AbortController();
    heardAt = Date.now();
    const answer = await fetch(url, { headers: { Accept: "text/event-stream" }, cache: "no-store", signal: connection.signal });
    if (answer.status === 401) return end(), location.reload();
    if (answer.status === 404) return end(), onGone();
    if (!answer.ok) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) if (event.startsWith("data: ")) onMessage(JSON.parse(event.slice(6)));
    }
  }

  async function keepReading() {
    while (!hasEnded) {
      try {
        await read();
      } catch (problem) {
        // Whatever a message led to is an error of ours; all else is the connection.
        if (!connection.signal.aborted && !(problem instanceof TypeError && /fetch|network/i.test(problem.message))) console.error(problem);
        connection.abort();
      }
      if (hasEnded) return;
      lost();
      await new Promise((resolve) => {
        hurry = resolve;
        setTimeout(resolve, retryMs);
      });
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  }

  function check() {
    if (hasEnded) return;
    if (Date.now() - heardAt > SILENT_MS) connection.abort();
    hurry?.();
  }

  function stop() {
    isStopped = true;
    clearInterval(checking);
    clearTimeout(showing);
    end();
  }

  const checking = setInterval(() => Date.now() - heardAt > SILENT_MS && check(), 5_000);
  addEventListener("online", check);
  document.addEventListener("visibilitychange", () => document.hidden || check());
  addEventListener("pagehide", end);
  addEventListener("pageshow", (event) => {
    if (!event.persisted || isStopped) return;
    hasEnded = false;
    keepReading();
  });
  keepReading();
  return stop;
}
