/**
 * `asking-client.ts tcp|udp ADDRESS PORT COUNT` prints one line for each question: the answer, or `error: CODE`.
 * `asking-client.ts udp-flow ADDRESS PORT` does so for each line that it reads, always from the same port.
 */
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [protocol = '', address = '', port = '0', count = '1'] = process.argv.slice(2);
const timeoutMs = 1500;

function askTcp(): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: address, port: Number(port), timeout: timeoutMs });
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('end', () => resolve(answer));
    socket.on('timeout', () => {
      resolve('error: TIMEOUT');
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`error: ${error.code}`));
  });
}

function askUdp(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const finish = (answer: string): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      resolve(answer);
    };
    const timer = setTimeout(() => finish('error: TIMEOUT'), timeoutMs);
    socket.on('message', (packet) => finish(packet.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(`error: ${error.code}`));
    socket.send('who?', Number(port), address, (error) =>
      error === null ? undefined : finish(`error: ${error.message}`),
    );
  });
}

if (protocol === 'udp-flow') {
  const socket = createSocket('udp4');
  socket.bind();
  for await (const _line of createInterface({ input: process.stdin })) console.log(await askUdp(socket));
} else {
  for (let i = 0; i < Number(count); i += 1) {
    if (protocol === 'tcp') console.log(await askTcp());
    else {
      const socket = createSocket('udp4');
      console.log(await askUdp(socket));
      socket.close();
    }
  }
}
