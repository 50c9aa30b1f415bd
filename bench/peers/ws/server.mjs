// The broadcast server that most people would write by hand, by somebody who knows `ws`: no compression, a message framed once and
// the same bytes given to every socket. What is posted to /pub goes to all who are on /sub. Prints its port.
import { createServer } from "node:http";
import { Sender, WebSocketServer } from "ws";

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const list = Sender.frame(Buffer.concat(parts), { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false });
  const frame = [Buffer.concat(list)];
  for (const client of viewers.clients) client._sender.sendFrame(frame);
  response.writeHead(204).end();
});
const viewers = new WebSocketServer({ server, path: "/sub", perMessageDeflate: false });
server.listen(0, "127.0.0.1", 1024, () => console.log(server.address().port));
