// wampy: `node wamp.js URL json|msgpack|cbor` prints what it heard, as JSON.
import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import WebSocket from 'ws';

const [url, name] = process.argv.slice(2);
const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };
const session = () =>
  new Wampy(url, { realm: 'realm1', ws: WebSocket, serializer: new serializers[name](), autoReconnect: false });

const heard = {};
const callee = session();
await callee.connect();
await callee.register('com.app.add', ({ argsList }) => ({ argsList: [argsList[0] + argsList[1]] }));
const told = new Promise((done) => callee.subscribe('com.app.topic', ({ argsList }) => done(argsList)));

const caller = session();
await caller.connect();
heard.sum = (await caller.call('com.app.add', [1, 2])).argsList;
try {
  await caller.call('com.app.nonsense', []);
} catch (error) {
  heard.error = error.errorUri ?? error.error;
}
await caller.publish('com.app.topic', ['hi', 7]);
heard.told = await told;
await caller.disconnect();
await callee.disconnect();
process.stdout.write(JSON.stringify(heard), () => process.exit(0));
