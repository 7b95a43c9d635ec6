// Calls for whoever has none: an id with each event, and a table of those that wait, as programs do it.

/** Gives what `peer` lacks, and leaves alone what it has. */
export function withCalls(peer) {
  return {
    async serve(target, handlers) {
      const { onMessage, onCall } = handlers;
      const service = await peer.serve(target, {
        ...handlers,
        onMessage(data, from) {
          if (data?.call === undefined) onMessage(data, from);
          else service.send(from, { answer: data.call, data: onCall(data.data) });
        },
      });
      return service;
    },

    async connect(target, handlers) {
      const waiting = new Map();
      let lastId = 0;
      const link = await peer.connect(target, {
        ...handlers,
        onMessage(message) {
          if (message?.answer === undefined) {
            handlers.onMessage(message);
            return;
          }
          const resolve = waiting.get(message.answer);
          if (resolve === undefined) handlers.onError(`answer ${message.answer} was not asked for`);
          waiting.delete(message.answer);
          resolve(message.data);
        },
      });
      if (link.call !== undefined) return link;
      const call = (data) =>
        new Promise((resolve) => {
          const id = ++lastId;
          waiting.set(id, resolve);
          link.send({ call: id, data });
        });
      return { ...link, call };
    },
  };
}
