// The obvious hand-made booking server, as fair as we can make it: one process, prepared statements, WAL, synchronous=FULL, an
// immediate transaction that looks for an overlap and inserts, a unique key as the last guard, every open page told by WebSocket.
import Database from "better-sqlite3";
import Fastify from "fastify";
import { WebSocketServer } from "ws";

const db = new Database(process.argv[2]);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`CREATE TABLE IF NOT EXISTS booking (
  id INTEGER PRIMARY KEY, resource TEXT NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
  name TEXT NOT NULL, email TEXT NOT NULL, UNIQUE (resource, starts_at))`);
const overlap = db.prepare("SELECT 1 FROM booking WHERE resource = ? AND starts_at < ? AND ends_at > ? LIMIT 1");
const insert = db.prepare("INSERT INTO booking (resource, starts_at, ends_at, name, email) VALUES (?, ?, ?, ?, ?)");
const book = db.transaction((resource, start, end, name, email) => {
  if (overlap.get(resource, end, start)) return null;
  return insert.run(resource, start, end, name, email).lastInsertRowid;
});

const app = Fastify();
const body = {
  type: "object",
  required: ["service", "resource", "start", "customer"],
  properties: {
    service: { type: "string" },
    resource: { type: "string" },
    start: { type: "string", format: "date-time" },
    customer: { type: "object", required: ["name", "email"], properties: { name: { type: "string" }, email: { type: "string" } } },
  },
};
app.post("/v1/bookings", { schema: { body } }, (request, reply) => {
  const { resource, start, customer } = request.body;
  const at = Date.parse(start);
  const id = book.immediate(resource, at, at + 900_000, customer.name, customer.email);
  if (id === null) return reply.code(409).send({ code: "slot-full" });
  const text = JSON.stringify({ type: "booked", resource, start });
  for (const client of viewers.clients) client.send(text);
  return reply.code(201).send({ id: String(id), resource, start, state: "confirmed" });
});
await app.listen({ host: "127.0.0.1", port: 0 });
const viewers = new WebSocketServer({ server: app.server, path: "/live" });
console.log(`listening http://127.0.0.1:${app.server.address().port}`);
