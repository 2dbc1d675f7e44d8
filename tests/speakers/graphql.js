// graphql-ws: `node graphql.js URL` prints what it heard, as JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const client = createClient({ url: process.argv[2], webSocketImpl: WebSocket });
const heard = { next: [], errors: null };
for await (const result of client.iterate({
  operationName: 'Ticks',
  query: 'subscription Ticks { count(n: 4) }',
})) {
  heard.next.push(result.data.count);
}
for await (const result of client.iterate({ query: '{ hello(name: "ann") }' })) {
  heard.hello = result.data.hello;
}
try {
  for await (const _ of client.iterate({ query: '{ nonsense }' }));
} catch (errors) {
  heard.errors = errors.map(({ message }) => message);
}
await client.dispose();
console.log(JSON.stringify(heard));
