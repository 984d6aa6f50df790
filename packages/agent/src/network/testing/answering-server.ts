/** `answering-server.ts NAME PORT`: tells every client NAME and the address that the client seems to have. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [name = '', port = '0'] = process.argv.slice(2);

const tcp = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(`${name} ${socket.remoteAddress}`);
});
tcp.listen(Number(port), '0.0.0.0');
await once(tcp, 'listening');

const udp = createSocket('udp4');
udp.on('message', (_packet, from) => udp.send(`${name} ${from.address}`, from.port, from.address));
udp.bind(Number(port), '0.0.0.0');
await once(udp, 'listening');
console.log('listening');
