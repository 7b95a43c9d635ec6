/**
 * What travels in the head of a message beside its name: the place in a trace that it belongs to, as
 * W3C Trace Context has it (https://www.w3.org/TR/trace-context/). Room is left for more:
 *
 *     headers = any number of records, to the end
 *     record  = varint key, varint length, that many bytes
 *
 * Keys that are not known are skipped.
 */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { limits } from "../../limits.ts";
import type { TracePropagator } from "../../peer/endpoint-options.ts";
import type { TraceContext } from "../../peer/handlers.ts";
import { promiseOf } from "../../promise-of.ts";

const keys = { traceparent: 1, tracestate: 2 } as const;

/** Version, trace id, parent id, flags: section 3.2 of the recommendation. Later versions may go on. */
const traceparentForm =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;
const firstVersionForm = /^00-.{52}$/;
/** Printable ASCII, section 3.3. */
const tracestateForm = /^[\x20-\x7e]+$/;

/** What the propagator gives now; undefined when that is nothing, or of no use. Never throws. */
export function currentHeaders(propagator: TracePropagator | undefined): Buffer | undefined {
  if (propagator === undefined) return undefined;
  try {
    const given: unknown = propagator.current();
    // There is no waiting for it; a rejection must not become one that nobody handles.
    promiseOf(given)?.then(undefined, () => {});
    const trace = checkedTrace(given);
    return trace === undefined ? undefined : writeHeaders(trace);
  } catch {
    // A message is worth more than what somebody wants to know about it.
    return undefined;
  }
}

/** @throws {MyelinError} `ERR_PROTOCOL` when the records are broken; what they say may be of no use. */
export function readTrace(headers: Buffer): TraceContext | undefined {
  const reader = new ByteReader().reset(headers);
  let traceparent: string | undefined;
  let tracestate: string | undefined;
  while (reader.remaining > 0) {
    const key = reader.varint();
    const bytes = reader.view(reader.varint());
    if (key === keys.traceparent) traceparent = bytes.toString("latin1");
    else if (key === keys.tracestate) tracestate = bytes.toString("latin1");
  }
  return checkedTrace({ traceparent, tracestate });
}

/** The first of the records, which a trace cannot do without; undefined when it alone is longer. */
export function firstHeader(headers: Buffer, maxBytes: number): Buffer | undefined {
  const reader = new ByteReader().reset(headers);
  reader.varint();
  reader.skip(reader.varint());
  return reader.position <= maxBytes ? headers.subarray(0, reader.position) : undefined;
}

function checkedTrace(trace: unknown): TraceContext | undefined {
  const { traceparent, tracestate } = (trace ?? {}) as Partial<TraceContext>;
  if (typeof traceparent !== "string" || !traceparentForm.test(traceparent)) return undefined;
  if (traceparent.startsWith("00") && !firstVersionForm.test(traceparent)) return undefined;
  // A state that is broken does not break the trace: section 3.3.1.3.
  const hasState = typeof tracestate === "string" && tracestateForm.test(tracestate);
  return hasState ? { traceparent, tracestate } : { traceparent };
}

function writeHeaders({ traceparent, tracestate }: TraceContext): Buffer | undefined {
  const parentBytes = recordBytes(keys.traceparent, traceparent);
  // Later versions may go on for ever.
  if (parentBytes > limits.maxHeaderBytes) return undefined;
  const bothBytes =
    tracestate === undefined ? parentBytes : parentBytes + recordBytes(keys.tracestate, tracestate);
  const hasState = bothBytes <= limits.maxHeaderBytes;
  // At once: pieces to be joined would lie beside the whole in its memory for as long as that waits.
  const bytes = Buffer.allocUnsafe(hasState ? bothBytes : parentBytes);
  writeRecord(bytes, 0, keys.traceparent, traceparent);
  if (tracestate !== undefined && hasState) {
    writeRecord(bytes, parentBytes, keys.tracestate, tracestate);
  }
  return bytes;
}

function recordBytes(key: number, text: string): number {
  return varintLength(key) + varintLength(text.length) + text.length;
}

function writeRecord(bytes: Buffer, at: number, key: number, text: string): void {
  const start = writeVarint(bytes, writeVarint(bytes, at, key), text.length);
  bytes.write(text, start, "latin1");
}
