import { Readable } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { boundedBytes } from '@vault-swarm/kernel';
import { JsonLimiter } from '@vault-swarm/provider';

type Handle = NodeHttpHandler['handle'];

/** The largest response that is read: 20 values of 64 KiB, which JSON may make six times as long. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * The SDK's HTTP, which by itself reads and parses an answer of any length. A longer one fails with `TooManyBytes`, one of
 * more values with `TooMuchJson`.
 */
export class BoundedHandler extends NodeHttpHandler {
  override async handle(...call: Parameters<Handle>): ReturnType<Handle> {
    const output = await super.handle(...call);
    const { body } = output.response;
    if (body instanceof Readable) {
      output.response.body = Readable.from(limitedJson(boundedBytes(body, MAX_ANSWER_BYTES)), { objectMode: false });
    }
    return output;
  }
}

/** The same chunks, as long as there are not too many values in them. */
async function* limitedJson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const limiter = new JsonLimiter();
  for await (const chunk of chunks) {
    limiter.add(chunk);
    yield chunk;
  }
}
