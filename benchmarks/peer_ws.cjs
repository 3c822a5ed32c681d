// The same server as in peers.py, on Node's `ws`: NODE_PATH=… node benchmarks/peer_ws.cjs 9000
"use strict";

const { createServer } = require("node:http");
const { WebSocketServer } = require("ws");

const SERVER = { id: "server", name: "server", color_hue: 0 };
const RECORD = { record_id: "load", title: "load", source: "load", path: "load", thumb_url: null };
const NOBODY = { id: "", name: "", color_hue: 0 };
const AS_TEXT = { binary: false };

const encoded = (code, fields, sender = SERVER) =>
  Buffer.from(JSON.stringify({ code, sender, ...fields }));

const NOW_PLAYING = encoded("now-playing", { record: RECORD, sharer: SERVER });
const rooms = new Map(); // channel id -> socket -> user

function broadcast(room, message) {
  for (const socket of room.keys()) socket.send(message, AS_TEXT);
}

function beat(room) {
  const ids = Array.from(room.values(), (user) => user.id);
  const position = Math.round(performance.now() * 1000);
  const state = { position, play_status: "playing", waiting_for: [], excused_ids: [] };
  broadcast(room, encoded("channel-status", { watcher_ids: ids, ready_ids: ids, ...state }));
}

function enter(channel) {
  let room = rooms.get(channel);
  if (!room) {
    room = new Map();
    rooms.set(channel, room);
    setInterval(beat, 1000, room);
  }
  return room;
}

function answer(room, socket, message) {
  switch (message.code) {
    case "whats-on":
      socket.send(NOW_PLAYING, AS_TEXT);
      break;
    case "danmaku":
      broadcast(room, encoded("danmaku", { message: message.message }, room.get(socket)));
      break;
    case "join-in": {
      room.set(socket, message.user);
      const watchers = [...room.values()];
      socket.send(encoded("here-are", { watchers, buffering: [], talking: [] }), AS_TEXT);
    }
  }
}

const http = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ token: { access: "a", refresh: "r" } }));
});

const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
sockets.on("connection", (socket, request) => {
  const room = enter(new URL(request.url, "http://localhost").searchParams.get("channel_id"));
  room.set(socket, NOBODY);
  socket.on("message", (data) => answer(room, socket, JSON.parse(data)));
  socket.on("close", () => room.delete(socket));
  socket.on("error", () => socket.terminate());
});

http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 2048 });
