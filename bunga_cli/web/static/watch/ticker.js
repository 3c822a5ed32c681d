// A worker that only keeps time: browsers slow the timers of pages that nobody sees, and a picture may play on there.

let timer;

addEventListener("message", ({ data }) => {
  clearInterval(timer);
  timer = setInterval(() => postMessage(0), data);
});
