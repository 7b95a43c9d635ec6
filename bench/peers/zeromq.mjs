// zeromq: a Router and its Dealers, and a publisher beside them for what goes to everybody. It knows
// messages of several parts; the first says what it is.
import { Dealer, Router, Subscriber, XPublisher } from "zeromq";

const encode = (data) => JSON.stringify(data);
const kinds = { json: "j", bytes: "b", stream: "s", done: "d" };
const addressesOf = ({ path }) => [`ipc://${path}`, `ipc://${path}.publish`];

/** A socket takes one message at a time: the others wait for their turn. */
function inTurn(socket, onError) {
  let waiting = [];
  let isSending = false;
  const sendAll = async () => {
    isSending = true;
    while (waiting.length > 0) {
      const messages = waiting;
      waiting = [];
      for (const message of messages) await socket.send(message);
    }
    isSending = false;
  };
  return (message) => {
    waiting.push(message);
    if (!isSending) void sendAll().catch(onError);
  };
}

async function sendItems(router, id, items) {
  for (const item of items) await router.send([id, kinds.json, encode(item)]);
  await router.send([id, kinds.done, ""]);
}

async function receiveAll(router, { onMessage, onStream, onBytes, onError }) {
  for await (const [id, kind, body] of router) {
    const letter = kind.toString();
    if (letter === kinds.bytes) onBytes(body, id);
    else if (letter === kinds.json) onMessage(JSON.parse(body), id);
    else void sendItems(router, id, onStream(JSON.parse(body))).catch(onError);
  }
}

async function receiveSubscriptions(publisher, onPeer) {
  for await (const [message] of publisher) if (message[0] === 1) onPeer();
}

async function receiveAnswers(dealer, answered) {
  for await (const [kind, body] of dealer) answered(kind.toString(), body);
}

async function receivePublished(subscriber, onMessage) {
  for await (const [body] of subscriber) onMessage(JSON.parse(body));
}

export const peer = {
  async serve(target, handlers) {
    const { onPeer, onError } = handlers;
    const [address, publishAddress] = addressesOf(target);
    // Otherwise it drops what a slow client does not take.
    const router = new Router({ mandatory: true });
    const publisher = new XPublisher({ verbosity: "allSubs" });
    await Promise.all([router.bind(address), publisher.bind(publishAddress)]);
    void receiveAll(router, handlers).catch(onError);
    void receiveSubscriptions(publisher, onPeer).catch(onError);
    const send = inTurn(router, onError);
    const publish = inTurn(publisher, onError);
    return {
      send: (id, data) => send([id, kinds.json, encode(data)]),
      broadcast: (data) => publish(encode(data)),
    };
  },

  async connect(target, { onMessage, onError }) {
    const [address, publishAddress] = addressesOf(target);
    const dealer = new Dealer();
    const subscriber = new Subscriber();
    dealer.connect(address);
    subscriber.connect(publishAddress);
    subscriber.subscribe();
    let onItem = onMessage;
    let onDone;
    const answered = (kind, body) => (kind === kinds.done ? onDone() : onItem(JSON.parse(body)));
    void receiveAnswers(dealer, answered).catch(onError);
    void receivePublished(subscriber, onMessage).catch(onError);
    const send = inTurn(dealer, onError);
    return {
      send: (data) => send([kinds.json, encode(data)]),
      sendBytes: (bytes) => send([kinds.bytes, bytes]),
      stream: (request, onEach) =>
        new Promise((resolve) => {
          onItem = onEach;
          onDone = resolve;
          send([kinds.stream, encode(request)]);
        }),
    };
  },
};
