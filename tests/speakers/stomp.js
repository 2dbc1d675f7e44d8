// @stomp/stompjs: `node stomp.js URL HOST` prints what it heard, as JSON.
import { Client } from '@stomp/stompjs';
import WebSocket from 'ws';

Object.assign(globalThis, { WebSocket });
const heard = { messages: [] };
const client = new Client({
  brokerURL: process.argv[2],
  connectHeaders: { host: process.argv[3] },
  reconnectDelay: 0,
  heartbeatIncoming: 0,
  heartbeatOutgoing: 0,
});
await new Promise((done, fail) => {
  client.onConnect = (frame) => done((heard.version = frame.headers.version));
  client.onStompError = (frame) => fail(new Error(frame.headers.message));
  client.activate();
});
const bodies = ['{"a":1}', 'x'.repeat(20_000), 'é\u0000'];
await new Promise((done) => {
  client.subscribe('/topic/a', (message) => {
    heard.messages.push(message.body.length);
    if (heard.messages.length === bodies.length) done();
  });
  for (const body of bodies) client.publish({ destination: '/topic/a', body });
});
heard.receipt = await new Promise((done) => {
  client.watchForReceipt('sent-1', (frame) => done(frame.headers['receipt-id']));
  client.publish({ destination: '/topic/b', body: 'x', headers: { receipt: 'sent-1' } });
});
await client.deactivate();
console.log(JSON.stringify(heard));
