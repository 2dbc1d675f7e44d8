// socket.io-client: `node socketio.js URL TRANSPORT...` prints what it heard, as JSON.
import { io } from 'socket.io-client';

const [url, ...transports] = process.argv.slice(2);
const options = { transports, reconnection: false, forceNew: true };
const heard = {};

const refused = io(`${url}/adm`, { ...options, auth: { token: 'wrong' } });
heard.refused = await new Promise((done) => {
  refused.on('connect_error', (error) => done(error.message));
});
refused.disconnect();

const socket = io(`${url}/adm`, { ...options, auth: { token: 'right' } });
const seen = new Promise((done) => socket.on('seen', done));
await new Promise((done, fail) => {
  socket.on('connect', done);
  socket.on('connect_error', fail);
});
heard.sid = socket.id;
const answer = await new Promise((done) => {
  const deep = { deep: Buffer.from('xyz') };
  socket.emit('echo', 'text', Buffer.from([0, 1, 2]), deep, (...given) => done(given));
});
heard.answer = [answer[0], [...answer[1]], answer[2].deep.toString()];
heard.seen = await seen;
if (transports.length > 1 && socket.io.engine.transport.name !== 'websocket') {
  await new Promise((done) => socket.io.engine.once('upgrade', done));
}
heard.transport = socket.io.engine.transport.name;
heard.again = await socket.emitWithAck('echo', 7);
socket.disconnect();
process.stdout.write(JSON.stringify(heard), () => process.exit(0)); // whatever still waits
