/** `asking-client.ts tcp|udp ADDRESS PORT COUNT`: prints one line for each question: the answer, or `error: CODE`. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

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

function askUdp(): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish('error: TIMEOUT'), timeoutMs);
    socket.on('message', (packet) => finish(packet.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(`error: ${error.code}`));
    socket.connect(Number(port), address, () => socket.send('who?'));
  });
}

for (let i = 0; i < Number(count); i += 1) console.log(await (protocol === 'udp' ? askUdp() : askTcp()));
