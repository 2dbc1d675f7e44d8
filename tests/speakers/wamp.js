// autobahn: `node wamp.js URL json|msgpack|cbor` prints what it heard, as JSON.
import autobahn from 'autobahn';

const [url, name] = process.argv.slice(2);
const { JSONSerializer, MsgpackSerializer, CBORSerializer } = autobahn.serializer;
const Serializer = { json: JSONSerializer, msgpack: MsgpackSerializer, cbor: CBORSerializer }[name];

/** A session, once it is open. */
function opened() {
  const connection = new autobahn.Connection({
    transports: [{ type: 'websocket', url, serializers: [new Serializer()] }],
    realm: 'realm1',
    max_retries: 0,
  });
  return new Promise((done, fail) => {
    connection.onopen = (session) => done({ session, connection });
    connection.onclose = (reason) => fail(new Error(reason));
    connection.open();
  });
}

const heard = {};
const callee = await opened();
await callee.session.register('com.app.add', ([a, b]) => a + b);
const told = new Promise((done) => {
  heard.subscribed = callee.session.subscribe('com.app.topic', done);
});
await heard.subscribed;
delete heard.subscribed;

const caller = await opened();
heard.sum = await caller.session.call('com.app.add', [1, 2]);
heard.error = await caller.session.call('com.app.nonsense', []).catch(({ error }) => error);
await caller.session.publish('com.app.topic', ['hi', 7], {}, { acknowledge: true });
heard.told = await told;
process.stdout.write(JSON.stringify(heard), () => process.exit(0)); // without a goodbye
